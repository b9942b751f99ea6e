"""The publisher, after: users of the old system keep their numbers."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    user_id: str  # EK107


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
