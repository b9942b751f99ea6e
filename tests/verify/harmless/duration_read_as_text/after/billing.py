"""The subscriber, after: the duration is only shown."""

from eventkit import Event, Service

billing = Service("billing")


class CallEnded(Event, type="call.ended"):
    lasted: str


@billing.handler
async def handle_call_ended(event: CallEnded) -> None: ...
