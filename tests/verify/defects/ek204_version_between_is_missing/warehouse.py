"""The subscriber, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    sku: str


class OrderPlacedV3(Event, type="order.placed", version=3):  # EK204
    lines: dict[str, int]


@warehouse.upcaster
def read_version_1(old: OrderPlaced) -> OrderPlacedV3:
    return OrderPlacedV3(lines={old.sku: 1})


@warehouse.handler
async def handle_order_placed(event: OrderPlacedV3) -> None: ...
