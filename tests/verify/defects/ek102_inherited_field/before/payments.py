"""The publisher, before."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentEvent(Event):
    order_id: str
    amount: int


class PaymentCompleted(PaymentEvent, type="payment.completed"):
    pass


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
