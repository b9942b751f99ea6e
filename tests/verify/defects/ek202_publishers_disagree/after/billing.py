"""Another publisher of the same event, after."""

from decimal import Decimal

from eventkit import Event, Service

billing = Service("billing")


class PaymentCompleted(Event, type="payment.completed"):  # EK202
    order_id: str
    amount_paid: Decimal


@billing.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
