"""The publisher, before."""

from datetime import datetime

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    paid_at: datetime


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
