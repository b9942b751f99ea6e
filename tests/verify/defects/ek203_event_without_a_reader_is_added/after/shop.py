"""The publisher, after: it tells of an event that nobody handles yet."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str


class OrderArchived(Event, type="order.archived"):  # EK203
    order_id: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...


@shop.publisher
async def publish_order_archived() -> OrderArchived: ...
