"""The subscriber, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

ledger = Service("ledger")


class PaymentCompleted(Event, type="payment.completed"):
    kind: Literal["card", "transfer"]


@ledger.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
