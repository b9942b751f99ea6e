"""The publisher, after: lines are found by their article."""

from pydantic import BaseModel

from eventkit import Event, Service

shop = Service("shop")


class Line(BaseModel):
    sku: str
    quantity: int


class OrderPlaced(Event, type="order.placed"):
    lines: dict[str, Line]  # EK102


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
