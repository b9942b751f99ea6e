"""The service mailing, before."""

from eventkit import Event, Service

mailing = Service("mailing")


class ReadPaymentCompleted(Event, type="payment.completed"):
    id: str


@mailing.handler
async def handle_payment_completed(event: ReadPaymentCompleted) -> None: ...
