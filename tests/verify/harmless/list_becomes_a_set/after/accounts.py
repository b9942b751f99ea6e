"""The publisher, after: no topic is there twice."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    topics: set[str]


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
