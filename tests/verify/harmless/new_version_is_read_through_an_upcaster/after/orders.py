"""The subscriber, after."""

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str


class PaymentCompletedV2(Event, type="payment.completed", version=2):
    order_ids: list[str]


@orders.upcaster
def read_version_1(old: PaymentCompleted) -> PaymentCompletedV2:
    return PaymentCompletedV2(order_ids=[old.order_id])


@orders.handler
async def handle_payment_completed(event: PaymentCompletedV2) -> None: ...
