"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentEvent(Event):
    order_id: str
    amount: float  # EK102


class PaymentCompleted(PaymentEvent, type="payment.completed"):
    pass


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
