"""The publisher, before."""

from pydantic import computed_field

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    order_id: str
    items: int
    price: int

    @computed_field
    @property
    def total(self) -> int:
        return self.items * self.price


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
