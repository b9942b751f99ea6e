"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    cents: int = Field(ge=0)


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
