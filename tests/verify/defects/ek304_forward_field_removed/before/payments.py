"""The publisher, before."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    receipt: str  # EK304


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
