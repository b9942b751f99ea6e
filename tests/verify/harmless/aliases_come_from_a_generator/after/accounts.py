"""The publisher, after: its aliases are made instead of written."""

from pydantic.alias_generators import to_camel

from eventkit import Event, Service

accounts = Service("accounts")


class UserRegistered(Event, type="user.registered", alias_generator=to_camel):
    user_id: str
    first_name: str


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
