"""The subscriber, which stays as it is."""

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    language: str


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
