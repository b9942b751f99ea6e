"""The subscriber, which stays as it is."""

from eventkit import Event, Service

billing = Service("billing")


class CallEnded(Event, type="call.ended"):
    call_id: str
    lasted: int  # EK102


@billing.handler
async def handle_call_ended(event: CallEnded) -> None: ...
