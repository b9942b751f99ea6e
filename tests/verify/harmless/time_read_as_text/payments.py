"""The publisher, which stays as it is."""

from datetime import datetime
from uuid import UUID

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: UUID
    paid_at: datetime


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
