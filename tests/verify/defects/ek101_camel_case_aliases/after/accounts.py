"""The publisher, after: its JSON is written in camel case, as the web front end likes it."""

from pydantic.alias_generators import to_camel

from eventkit import Event, Service

accounts = Service("accounts")


class Camel(Event, alias_generator=to_camel): ...


class UserRegistered(Camel, type="user.registered"):  # EK101
    user_id: str
    first_name: str


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
