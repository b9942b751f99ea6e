"""The publisher, after: refunds are payments of less than nothing."""

from decimal import Decimal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    amount: Decimal  # EK106


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
