"""The publisher, before."""

from typing import Annotated

from pydantic import StringConstraints

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
