"""The subscriber, after: lists are read as tuples, which cannot be changed."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    lines: tuple[str, ...]


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
