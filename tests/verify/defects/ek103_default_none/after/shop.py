"""The publisher, after: a note may be left out, which is sent as null."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    note: str | None = None  # EK103


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
