"""The publisher, which stays as it is."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):  # EK204
    sku: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
