"""The publisher, before."""

from enum import StrEnum

from eventkit import Event, Service

accounts = Service("accounts")


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


class UserRegistered(Event, type="user.registered"):
    roles: list[Role]


@accounts.publisher
async def publish_user_registered() -> UserRegistered: ...
