"""The subscriber, which stays as it is."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

fraud = Service("fraud")


class Card(BaseModel):
    kind: Literal["card"]
    country: str  # EK101


class Transfer(BaseModel):
    kind: Literal["transfer"]
    iban: str


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    method: Annotated[Card | Transfer, Field(discriminator="kind")]


@fraud.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
