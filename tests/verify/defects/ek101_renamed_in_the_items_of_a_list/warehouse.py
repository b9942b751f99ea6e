"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Line(BaseModel):
    sku: str
    quantity: int  # EK101


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    lines: list[Line]


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
