"""The subscriber, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderCanceled(Event, type="order.canceled"):
    reason: str


@warehouse.handler
async def handle_order_canceled(event: OrderCanceled) -> None: ...
