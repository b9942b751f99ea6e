"""The subscriber, after: its own pattern of UUIDs takes each of them."""

from pydantic import Field

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    user_id: str = Field(pattern="^[0-9a-fA-F-]{36}$")


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
