"""The subscriber, after: an order without lines makes no sense here."""

from pydantic import Field

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    skus: list[str] = Field(min_length=1)  # EK108


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
