"""The publisher, before."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    user_id: str
    first_name: str


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
