"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentEvent(Event):
    order_id: str


class PaymentCompleted(PaymentEvent, type="payment.completed"):
    amount: int


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
