"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    user_id: str = Field(alias="userId")
    first_name: str = Field(alias="firstName")


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
