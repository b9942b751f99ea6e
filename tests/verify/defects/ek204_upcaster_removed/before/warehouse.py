"""The subscriber, before."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    sku: str


class OrderPlacedV2(Event, type="order.placed", version=2):
    skus: list[str]


@warehouse.upcaster
def read_version_1(old: OrderPlaced) -> OrderPlacedV2:
    return OrderPlacedV2(skus=[old.sku])


@warehouse.handler
async def handle_order_placed(event: OrderPlacedV2) -> None: ...
