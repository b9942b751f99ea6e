"""The publisher, after: a transfer is called sepa."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

payments = Service("payments")


class Card(BaseModel):
    kind: Literal["card"]
    last_digits: str


class Transfer(BaseModel):
    kind: Literal["sepa"]
    iban: str


class PaymentCompleted(Event, type="payment.completed"):
    method: Annotated[Card | Transfer, Field(discriminator="kind")]  # EK112


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
