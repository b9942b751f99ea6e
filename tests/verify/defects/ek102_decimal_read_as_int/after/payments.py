"""The publisher, after."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    amount: Decimal  # EK102


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
