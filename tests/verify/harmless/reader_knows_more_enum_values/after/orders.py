"""The subscriber, after."""

from enum import StrEnum

from eventkit import Event, Service

orders = Service("orders")


class Status(StrEnum):
    PAID = "paid"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    status: Status


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
