"""The subscriber, which stays as it is."""

from eventkit import Event, Service

archive = Service("archive")


class OrderPlaced(Event, type="order.placed", extra="forbid"):
    order_id: str
    cents: int = 0


@archive.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
