"""The publisher, after: the number of lines is sent, too."""

from pydantic import computed_field

from eventkit import Event, Service

shop = Service("shop")


class OrderPlaced(Event, type="order.placed"):
    lines: list[str]

    @computed_field
    @property
    def count(self) -> int:
        return len(self.lines)


@shop.publisher
async def publish_order_placed() -> OrderPlaced: ...
