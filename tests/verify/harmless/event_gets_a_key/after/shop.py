"""The publisher, after: events of one order are kept in order."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed", key="order_id"):
    order_id: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
