"""The subscriber, after."""

from typing import Literal

from eventkit import Event, Service

orders = Service("orders")


class PaymentCompleted(Event, type="payment.completed"):
    status: Literal["paid", "held"]


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
