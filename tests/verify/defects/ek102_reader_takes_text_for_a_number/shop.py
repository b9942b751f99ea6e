"""The publisher, which stays as it is."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    sku: str
    quantity: str  # EK102


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
