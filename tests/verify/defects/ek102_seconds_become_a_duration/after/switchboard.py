"""The publisher, after: the duration is no longer in seconds."""

from datetime import timedelta

from eventkit import Event, Service

switchboard = Service("switchboard")


class CallEnded(Event, type="call.ended"):
    call_id: str
    lasted: timedelta  # EK102


@switchboard.publisher
async def publish_call_ended() -> CallEnded: ...
