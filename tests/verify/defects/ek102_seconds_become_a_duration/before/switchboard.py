"""The publisher, before."""

from eventkit import Event, Service

switchboard = Service("switchboard")


class CallEnded(Event, type="call.ended"):
    call_id: str
    lasted: int


@switchboard.publisher
async def publish_call_ended() -> CallEnded: ...
