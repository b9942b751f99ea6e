"""The publisher, after: the customer is sent whole instead of by number."""

from pydantic import BaseModel

from eventkit import Event, Service

shop = Service("shop")


class Customer(BaseModel):
    id: str
    name: str


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    customer: Customer  # EK102


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
