"""The publisher, after: amounts are exact at last, and therefore text on the wire."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    amount: Decimal  # EK102


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
