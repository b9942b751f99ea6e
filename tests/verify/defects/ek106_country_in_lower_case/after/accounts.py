"""The publisher, after: the web form sends countries as they are typed."""

from typing import Annotated

from pydantic import StringConstraints

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    country: Annotated[str, StringConstraints(pattern="^[A-Za-z]{2}$")]  # EK106


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
