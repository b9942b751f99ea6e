"""The subscriber, before."""

from datetime import timedelta

from eventkit import Event, Service

billing = Service("billing")


class CallEnded(Event, type="call.ended"):
    lasted: timedelta


@billing.handler
async def handle_call_ended(event: CallEnded) -> None: ...
