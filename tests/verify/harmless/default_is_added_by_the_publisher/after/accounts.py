"""The publisher, after: what has a default is sent all the same."""

from pydantic import Field

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    language: str = "en"
    topics: list[str] = Field(default_factory=list)


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
