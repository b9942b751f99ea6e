"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    note: str = Field(max_length=80)  # EK108


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
