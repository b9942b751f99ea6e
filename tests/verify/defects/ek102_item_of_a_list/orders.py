"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

orders = Service("orders")


class Item(BaseModel):
    sku: str
    price: int  # EK102


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    items: list[Item]


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
