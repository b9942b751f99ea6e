"""The subscriber, before."""

from typing import Literal

from pydantic import BaseModel

from eventkit import Event, Service

ledger = Service("ledger")


class Card(BaseModel):
    kind: Literal["card"]
    digits: str


class Transfer(BaseModel):
    kind: Literal["transfer"]
    iban: str


class PaymentCompleted(Event, type="payment.completed"):
    method: Card | Transfer


@ledger.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
