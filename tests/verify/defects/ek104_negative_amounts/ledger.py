"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

ledger = Service("ledger")


class PaymentCompleted(Event, type="payment.completed"):
    cents: int = Field(ge=0)  # EK104


@ledger.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
