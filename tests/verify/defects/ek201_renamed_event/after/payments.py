"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentComplete(Event, type="payment.complete"):
    order_id: str


@payments.publisher
async def publish_payment_complete() -> PaymentComplete: ...
