"""The subscriber, after: it handles an event of a name with a typing error."""

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistred(Event, type="user.registred"):  # EK201
    user_id: str


@mailing.handler
async def handle_user_registred(event: UserRegistred) -> None: ...
