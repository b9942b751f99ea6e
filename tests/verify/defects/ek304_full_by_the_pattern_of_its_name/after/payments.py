"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    amount: int  # EK304


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
