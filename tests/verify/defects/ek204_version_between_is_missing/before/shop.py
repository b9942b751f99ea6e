"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    sku: str


class OrderPlacedV3(Event, type="order.placed", version=3):
    lines: dict[str, int]


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...


@shop.publisher
async def publish_order_placed_v3() -> OrderPlacedV3: ...
