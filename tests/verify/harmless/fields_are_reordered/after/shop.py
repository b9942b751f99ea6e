"""The publisher, after: fields are in alphabetical order."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    customer: str
    lines: list[str]
    order_id: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
