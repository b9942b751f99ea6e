"""The publisher, after: the base of its events is tidied up."""

from eventkit import Event, Service

shop = Service("shop")


class OrderEvent(Event):
    order_id: str


class OrderPlaced(OrderEvent, type="order.placed"):  # EK101
    items: list[str]


class OrderCanceled(OrderEvent, type="order.canceled"):
    reason: str


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
