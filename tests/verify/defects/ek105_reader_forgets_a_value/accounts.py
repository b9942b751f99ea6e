"""The publisher, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

accounts = Service("accounts")


class UserUpgraded(Event, type="user.upgraded"):
    user_id: str
    plan: Literal["free", "team", "legacy"]  # EK105


@accounts.publisher
async def publish_user_upgraded() -> UserUpgraded: ...
