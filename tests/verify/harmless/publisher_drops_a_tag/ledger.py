"""The subscriber, which stays as it is."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

ledger = Service("ledger")


class Card(BaseModel):
    kind: Literal["card"]
    digits: str


class Transfer(BaseModel):
    kind: Literal["transfer"]
    iban: str


class PaymentCompleted(Event, type="payment.completed"):
    method: Annotated[Card | Transfer, Field(discriminator="kind")]


@ledger.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
