"""The publisher, after: there is a third role."""

from enum import StrEnum

from eventkit import Event, Service

accounts = Service("accounts")


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"


class UserRegistered(Event, type="user.registered"):
    roles: list[Role]  # EK105


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
