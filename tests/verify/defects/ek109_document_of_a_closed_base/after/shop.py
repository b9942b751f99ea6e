"""The publisher, after: it sends a note, too."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    tenant: str
    order_id: str
    note: str = ""  # EK109


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
