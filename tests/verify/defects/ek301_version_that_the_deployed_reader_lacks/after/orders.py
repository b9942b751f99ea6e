"""The subscriber, after."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...


class PaymentCompletedV2(Event, type="payment.completed", version=2):
    order_id: str


@orders.handler
async def handle_payment_completed_v2(event: PaymentCompletedV2) -> None: ...
