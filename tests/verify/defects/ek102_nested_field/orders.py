"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

orders = Service("orders")


class Customer(BaseModel):
    customer_id: str  # EK102


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    customer: Customer


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
