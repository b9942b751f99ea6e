"""The publisher, which stays as it is."""

from uuid import UUID

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    user_id: UUID


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
