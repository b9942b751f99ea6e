"""The publisher, after: it sends a field under its old and its new name."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    amount: int
    total: int


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
