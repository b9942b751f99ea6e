"""The publisher, before."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserVerified(Event, type="user.verified"):
    user_id: str
    passed: bool


@accounts.publisher
async def publish_user_verified() -> UserVerified: ...
