"""The publisher, after."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK101
    order_id: str
    total_amount: Decimal


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
