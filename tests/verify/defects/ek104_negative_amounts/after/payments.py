"""The publisher, after: refunds are payments of less than nothing."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    cents: int  # EK104


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
