"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    currency: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
