"""The publisher, after: it publishes version 2 on the way to version 3, which the reader can read already."""

from eventkit import Event, Service

shop = Service("shop")


class OrderPlacedV2(Event, type="order.placed", version=2):  # EK204
    skus: list[str]


class OrderPlacedV3(Event, type="order.placed", version=3):
    lines: dict[str, int]


@shop.publisher
async def publish_order_placed_v2() -> OrderPlacedV2: ...


@shop.publisher
async def publish_order_placed_v3() -> OrderPlacedV3: ...
