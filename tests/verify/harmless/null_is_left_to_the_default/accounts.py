"""The publisher, which stays as it is."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    name: str | None


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
