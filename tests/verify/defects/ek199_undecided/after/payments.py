"""The publisher, after."""

from typing import Annotated

from pydantic import WithJsonSchema

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK199
    order_id: str
    amount: Annotated[int, WithJsonSchema({"$ref": "https://example.com/amount.json"})]


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
