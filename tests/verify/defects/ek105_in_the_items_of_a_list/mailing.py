"""The subscriber, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

mailing = Service("mailing")


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


class UserRegistered(Event, type="user.registered"):
    roles: list[Role]  # EK105


@mailing.handler
async def handle_user_registered(event: UserRegistered) -> None: ...
