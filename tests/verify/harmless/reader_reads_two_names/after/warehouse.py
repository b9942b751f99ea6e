"""The subscriber, after: it reads the new name of a field before it is sent."""

from pydantic import AliasChoices, Field

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    amount: int = Field(validation_alias=AliasChoices("total", "amount"))


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...
