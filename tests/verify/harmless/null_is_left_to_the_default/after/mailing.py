"""The subscriber, after: the name may be missing and may be null."""

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    name: str | None = None


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
