"""The subscriber, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderClosed(Event, type="order.closed"):  # EK201
    order_id: str


@warehouse.handler
async def handle_order_closed(event: OrderClosed) -> None: ...
