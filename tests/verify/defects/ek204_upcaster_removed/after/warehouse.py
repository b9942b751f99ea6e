"""The subscriber, after: the old version is not read any more, though one publisher is not done with it."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlacedV2(Event, type="order.placed", version=2):  # EK204
    skus: list[str]


@warehouse.handler
async def handle_order_placed(event: OrderPlacedV2) -> None: ...
