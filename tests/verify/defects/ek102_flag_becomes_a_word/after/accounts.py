"""The publisher, after: a check may be pending, too."""

from typing import Literal

from eventkit import Event, Service

accounts = Service("accounts")


class UserVerified(Event, type="user.verified"):
    user_id: str
    passed: Literal["passed", "failed", "pending"]  # EK102


@accounts.publisher
async def publish_user_verified() -> UserVerified: ...
