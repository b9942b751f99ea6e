"""The publisher, after: types have names."""

from typing import Annotated, NewType

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


OrderNumber = NewType("OrderNumber", str)
Cents = Annotated[int, Field(ge=0)]


class OrderPlaced(Event, type="order.placed"):
    order: OrderNumber
    cents: Cents


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
