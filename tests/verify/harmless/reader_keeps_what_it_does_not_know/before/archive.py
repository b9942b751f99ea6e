"""The subscriber, before."""

from eventkit import Event, Service

archive = Service("archive")


class OrderPlaced(Event, type="order.placed"):
    order_id: str


@archive.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
