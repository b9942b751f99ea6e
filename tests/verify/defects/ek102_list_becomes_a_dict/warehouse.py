"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Line(BaseModel):
    quantity: int


class OrderPlaced(Event, type="order.placed"):
    lines: list[Line]  # EK102


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
