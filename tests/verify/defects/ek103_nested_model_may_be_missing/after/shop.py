"""The publisher, after: guests have no account."""

from pydantic import BaseModel

from eventkit import Event, Service

shop = Service("shop")


class Account(BaseModel):
    id: str


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    account: Account | None  # EK103


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
