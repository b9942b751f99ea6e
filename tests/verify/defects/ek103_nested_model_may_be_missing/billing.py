"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

billing = Service("billing")


class Account(BaseModel):
    id: str


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    account: Account  # EK103


@billing.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
