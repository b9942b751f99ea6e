"""The publisher, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

payments = Service("payments")


class Status(StrEnum):
    PAID = "paid"
    REFUNDED = "refunded"


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    status: Status


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
