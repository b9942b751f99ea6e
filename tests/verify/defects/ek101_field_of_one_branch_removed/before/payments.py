"""The publisher, before."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from eventkit import Event, Service

payments = Service("payments")


class Card(BaseModel):
    kind: Literal["card"]
    last_digits: str
    country: str


class Transfer(BaseModel):
    kind: Literal["transfer"]
    iban: str


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    method: Annotated[Card | Transfer, Field(discriminator="kind")]


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
