"""The subscriber, which stays as it is."""

from typing import Annotated

from pydantic import StringConstraints

from eventkit import Event, Service

tax = Service("tax")


class UserRegistered(Event, type="user.registered"):
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]  # EK106


@tax.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
