"""The publisher, after."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...


class PaymentCompletedV2(Event, type="payment.completed", version=2):  # EK204
    order_ids: list[str]


@payments.publisher
async def publish_payment_completed_v2() -> PaymentCompletedV2: ...
