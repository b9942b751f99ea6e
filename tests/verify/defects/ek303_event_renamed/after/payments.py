"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.done"):
    order_id: str


@payments.publisher
async def publish_payment_done() -> PaymentCompleted: ...
