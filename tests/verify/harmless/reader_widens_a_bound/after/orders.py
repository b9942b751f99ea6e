"""The subscriber, after."""

from pydantic import Field

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    installments: int = Field(ge=1, le=36)


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
