"""The publisher, after."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    tags: list[str] = Field(default_factory=list)


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
