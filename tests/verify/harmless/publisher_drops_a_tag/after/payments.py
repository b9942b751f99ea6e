"""The publisher, after: one cannot pay by transfer any more."""

from typing import Literal

from pydantic import BaseModel

from eventkit import Event, Service

payments = Service("payments")


class Card(BaseModel):
    kind: Literal["card"]
    digits: str


class PaymentCompleted(Event, type="payment.completed"):
    method: Card


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
