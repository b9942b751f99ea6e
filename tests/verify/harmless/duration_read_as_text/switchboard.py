"""The publisher, which stays as it is."""

from datetime import timedelta

from eventkit import Event, Service

switchboard = Service("switchboard")


class CallEnded(Event, type="call.ended"):
    lasted: timedelta


@switchboard.publisher
async def publish_call_ended() -> CallEnded: ...
