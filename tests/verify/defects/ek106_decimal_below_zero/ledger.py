"""The subscriber, which stays as it is."""

from decimal import Decimal

from pydantic import Field

from eventkit import Event, Service

ledger = Service("ledger")


class PaymentCompleted(Event, type="payment.completed"):
    amount: Decimal = Field(ge=0)  # EK106


@ledger.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
