"""The subscriber, which stays as it is."""

from eventkit import Event, Service

lending = Service("lending")


class UserVerified(Event, type="user.verified"):
    user_id: str
    passed: bool  # EK102


@lending.handler
async def handle_user_verified(event: UserVerified) -> None: ...
