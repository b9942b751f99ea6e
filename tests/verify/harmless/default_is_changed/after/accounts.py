"""The publisher, after: the language is German where none is chosen."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    language: str = "de"


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
