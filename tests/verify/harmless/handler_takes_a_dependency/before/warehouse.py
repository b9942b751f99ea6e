"""The subscriber, before."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: str


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
