"""The publisher, after."""

from decimal import Decimal

from pydantic import BaseModel

from eventkit import Event, Service

payments = Service("payments")


class Item(BaseModel):
    sku: str
    price: Decimal  # EK102


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    items: list[Item]


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
