"""Another publisher of the same event, before."""

from decimal import Decimal

from eventkit import Event, Service

billing = Service("billing")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    amount: Decimal


@billing.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
