"""The publisher, after: the address is personal and kept out of JSON."""

from pydantic import Field

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):  # EK101
    user_id: str
    email: str = Field(exclude=True)


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
