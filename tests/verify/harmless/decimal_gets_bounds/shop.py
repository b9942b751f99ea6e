"""The subscriber, which stays as it is."""

from decimal import Decimal

from eventkit import Event, Service

shop = Service("shop")


class PriceChanged(Event, type="price.changed"):
    price: Decimal


@shop.handler
async def handle_price_changed(event: PriceChanged) -> None: ...
