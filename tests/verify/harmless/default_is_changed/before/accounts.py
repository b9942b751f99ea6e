"""The publisher, before."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    language: str = "en"


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
