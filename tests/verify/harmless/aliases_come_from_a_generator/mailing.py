"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

mailing = Service("mailing")


class UserRegistered(Event, type="user.registered"):
    first_name: str = Field(alias="firstName")


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
