"""The publisher, after: topics keep the order in which they were chosen."""

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered"):
    topics: list[str]  # EK110


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
