"""The subscriber, after: it reads numbers with and without a prefix."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: int | str


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
