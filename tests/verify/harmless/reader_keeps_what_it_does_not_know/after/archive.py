"""The subscriber, after: it keeps fields that it does not declare."""

from eventkit import Event, Service

archive = Service("archive")


class OrderPlaced(Event, type="order.placed", extra="allow"):
    order_id: str


@archive.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
