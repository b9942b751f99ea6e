"""The subscriber, before."""

from eventkit import Event, Service

shop = Service("shop")


class PriceChanged(Event, type="price.changed"):
    price: str


@shop.handler
async def handle_price_changed(event: PriceChanged) -> None: ...
