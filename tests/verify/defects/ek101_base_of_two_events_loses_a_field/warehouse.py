"""The subscriber, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    items: list[str]
    tenant: str  # EK101


class OrderCanceled(Event, type="order.canceled"):
    order_id: str


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...


@warehouse.handler
async def handle_order_canceled(event: OrderCanceled) -> None: ...
