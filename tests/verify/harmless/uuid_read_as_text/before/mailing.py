"""The subscriber, before."""

from uuid import UUID

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    user_id: UUID


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
