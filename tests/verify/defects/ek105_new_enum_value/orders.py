"""The subscriber, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

orders = Service("orders")


class Status(StrEnum):
    PAID = "paid"
    REFUNDED = "refunded"


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    status: Status  # EK105


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
