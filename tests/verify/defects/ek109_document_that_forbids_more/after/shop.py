"""The publisher, after: it sends the currency, too."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    cents: int
    currency: str  # EK109


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
