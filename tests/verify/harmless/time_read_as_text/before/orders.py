"""The subscriber, before."""

from datetime import datetime
from uuid import UUID

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: UUID
    paid_at: datetime


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
