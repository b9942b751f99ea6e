"""The publisher, before."""

from typing import Literal

from eventkit import Event, Service

accounts = Service("accounts")


class UserUpgraded(Event, type="user.upgraded"):
    user_id: str
    plan: Literal["free", "team"]


@accounts.publisher
async def publish_user_upgraded() -> UserUpgraded: ...
