"""The publisher, after."""

from pydantic import BaseModel

from eventkit import Event, Service

payments = Service("payments")


class Customer(BaseModel):
    customer_id: int  # EK102
    email: str


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    customer: Customer


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
