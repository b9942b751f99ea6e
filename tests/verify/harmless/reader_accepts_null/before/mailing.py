"""The subscriber, before."""

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    name: str


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
