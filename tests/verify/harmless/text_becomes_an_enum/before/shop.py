"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class OrderCanceled(Event, type="order.canceled"):
    reason: str


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
