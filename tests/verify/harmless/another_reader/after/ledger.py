"""Another subscriber, after: it handles the event, too."""

from eventkit import Event, Service

ledger = Service("ledger")


class OrderPlaced(Event, type="order.placed"):
    cents: int


@ledger.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
