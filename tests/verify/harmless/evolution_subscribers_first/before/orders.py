"""The subscriber, before."""

from typing import Literal

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    status: Literal["paid"]


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
