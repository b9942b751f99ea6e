"""The subscriber, after: the language has a default, which does not stand in for null."""

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    user_id: str
    language: str = "en"  # EK103


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
