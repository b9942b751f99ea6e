"""The publisher, after."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed", version=2):  # EK301
    order_id: str
    amount: Decimal


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
