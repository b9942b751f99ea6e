"""The subscriber, which stays as it is."""

from eventkit import Event, Service

archive = Service("archive")


class OrderPlaced(Event, type="order.placed", extra="forbid"):
    tenant: str
    order_id: str


@archive.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
