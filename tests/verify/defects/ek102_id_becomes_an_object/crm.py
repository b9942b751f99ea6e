"""The subscriber, which stays as it is."""

from eventkit import Event, Service

crm = Service("crm")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    customer: str  # EK102


@crm.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
