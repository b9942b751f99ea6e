"""The publisher, after."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    note: str = Field(max_length=200)  # EK108


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
