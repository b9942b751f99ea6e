"""The subscriber, which stays as it is."""

from decimal import Decimal

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    amount: Decimal  # EK101


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
