"""The subscriber, which stays as it is."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

orders = Service("orders")


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Iban(BaseModel):
    kind: Literal["iban"]
    number: str


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    method: Annotated[Card | Iban, Field(discriminator="kind")]  # EK112


@orders.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...
