"""The subscriber, which stays as it is."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
