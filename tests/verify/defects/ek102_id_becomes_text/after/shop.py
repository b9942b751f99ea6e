"""The publisher, after: order numbers get a prefix."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str  # EK102


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
