"""The publisher, after: the total is left to be computed by those who want it."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):  # EK101
    order_id: str
    items: int
    price: int


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
