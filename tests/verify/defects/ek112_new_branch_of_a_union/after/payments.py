"""The publisher, after."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

payments = Service("payments")


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Iban(BaseModel):
    kind: Literal["iban"]
    number: str


class Wallet(BaseModel):
    kind: Literal["wallet"]
    number: str


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    method: Annotated[Card | Iban | Wallet, Field(discriminator="kind")]  # EK112


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
