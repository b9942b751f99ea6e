"""The publisher, before."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK303
    order_id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
