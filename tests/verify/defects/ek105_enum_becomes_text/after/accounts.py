"""The publisher, after: partners have plans of their own."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserUpgraded(Event, type="user.upgraded"):
    user_id: str
    plan: str  # EK105


@accounts.publisher
async def publish_user_upgraded() -> UserUpgraded: ...
