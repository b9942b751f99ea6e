"""The subscriber, before."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompletedV1(Event, type="payment.completed", version=1):
    order_id: str


@orders.handler
async def handle_payment_completed_v1(event: PaymentCompletedV1) -> None: ...


class PaymentCompletedV2(Event, type="payment.completed", version=2):
    order_id: str


@orders.handler
async def handle_payment_completed_v2(event: PaymentCompletedV2) -> None: ...
