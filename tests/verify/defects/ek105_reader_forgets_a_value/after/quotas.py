"""The subscriber, after: the plan that is no longer sold is removed."""

from typing import Literal

from eventkit import Event, Service

quotas = Service("quotas")


class UserUpgraded(Event, type="user.upgraded"):
    user_id: str
    plan: Literal["free", "team"]  # EK105


@quotas.handler
async def handle_user_upgraded(event: UserUpgraded) -> None: ...
