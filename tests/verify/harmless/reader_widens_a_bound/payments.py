"""The publisher, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    installments: int = Field(ge=1, le=12)


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
