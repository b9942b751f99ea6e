"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
