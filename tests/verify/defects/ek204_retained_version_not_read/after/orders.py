"""The subscriber, after."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompletedV2(Event, type="payment.completed", version=2):  # EK204
    order_id: str


@orders.handler
async def handle_payment_completed_v2(event: PaymentCompletedV2) -> None: ...
