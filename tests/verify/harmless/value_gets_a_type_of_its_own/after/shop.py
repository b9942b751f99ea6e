"""The publisher, after: an order's number is a type of its own."""

from pydantic import RootModel

from eventkit import Event, Service

shop = Service("shop")


class OrderNumber(RootModel[str]):
    root: str


class OrderPlaced(Event, type="order.placed"):
    order: OrderNumber


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
