"""The subscriber, after."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    currency: str  # EK302


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
