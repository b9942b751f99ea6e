"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

mailing = Service("mailing")


class Address(BaseModel):
    city: str


class UserRegistered(Event, type="user.registered"):
    id: str
    address: Address  # EK103


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
