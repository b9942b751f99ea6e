"""The publisher, before."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    amount: Decimal  # EK304


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
