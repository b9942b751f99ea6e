"""The publisher, before."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK302
    order_id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...


class PaymentCompletedV2(Event, type="payment.completed", version=2):
    order_id: str


@payments.publisher
async def publish_payment_completed_v2() -> PaymentCompletedV2: ...
