"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK306
    order_id: str
    user_id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
