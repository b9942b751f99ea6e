"""The publisher, before."""

from pydantic import BaseModel

from eventkit import Event, Service

shop = Service("shop")


class Line(BaseModel):
    sku: str
    quantity: int


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    lines: list[Line]


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
