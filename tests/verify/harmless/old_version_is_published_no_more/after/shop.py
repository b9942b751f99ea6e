"""The publisher, after: it is done with version 1."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlacedV2(Event, type="order.placed", version=2):
    skus: list[str]


@shop.publisher
async def publish_order_placed_v2() -> OrderPlacedV2: ...
