"""The publisher, after: an order's number is a type of its own, and made of digits."""

from pydantic import RootModel

from eventkit import Event, Service

shop = Service("shop")


class OrderNumber(RootModel[int]):
    root: int


class OrderPlaced(Event, type="order.placed"):
    order: OrderNumber  # EK102


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
