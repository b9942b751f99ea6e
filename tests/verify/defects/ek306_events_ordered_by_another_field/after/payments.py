"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed", key="user_id"):  # EK306
    order_id: str
    user_id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
