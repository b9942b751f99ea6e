"""The publisher, after: a field is marked as deprecated, and sent for the time being."""

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    cents: int = Field(deprecated=True)


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
