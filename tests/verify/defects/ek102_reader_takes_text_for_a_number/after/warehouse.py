"""The subscriber, after: quantities are read as the numbers that they surely are."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    sku: str
    quantity: int  # EK102


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
