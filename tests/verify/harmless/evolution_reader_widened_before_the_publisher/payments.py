"""The publisher, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    status: Literal["paid"]


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
