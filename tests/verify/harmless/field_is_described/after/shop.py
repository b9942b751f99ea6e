"""The publisher, after: its fields have titles, descriptions and examples."""

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str = Field(title="Order", description="The number of the order.")
    cents: int = Field(description="What it costs, in cents.", examples=[1250])


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
