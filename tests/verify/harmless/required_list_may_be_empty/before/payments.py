"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    tags: list[str] = Field(min_length=1)


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
