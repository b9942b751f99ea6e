"""The subscriber, after: it reads a note as soon as there is one."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    note: str | None = None


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
