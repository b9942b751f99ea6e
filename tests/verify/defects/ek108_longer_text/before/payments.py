"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    note: str = Field(max_length=80)


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
