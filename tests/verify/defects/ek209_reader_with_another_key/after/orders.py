"""The subscriber, after."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed", key="user_id"):  # EK209
    user_id: str


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
