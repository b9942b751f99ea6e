"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    sku: str


class OrderPlacedV2(Event, type="order.placed", version=2):
    skus: list[str]


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...


@shop.publisher
async def publish_order_placed_v2() -> OrderPlacedV2: ...
