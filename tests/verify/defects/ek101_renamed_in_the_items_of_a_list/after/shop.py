"""The publisher, after: the quantity of a line is called count."""

from pydantic import BaseModel

from eventkit import Event, Service

shop = Service("shop")


class Line(BaseModel):
    sku: str
    count: int


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    lines: list[Line]  # EK101


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
