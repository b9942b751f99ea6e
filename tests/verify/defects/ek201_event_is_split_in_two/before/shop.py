"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class OrderClosed(Event, type="order.closed"):
    order_id: str


@shop.publisher
async def publish_order_closed() -> OrderClosed: ...
