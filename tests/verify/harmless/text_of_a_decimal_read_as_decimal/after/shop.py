"""The subscriber, after: it reads the text as the decimal that its pattern promises."""

from decimal import Decimal

from eventkit import Event, Service

shop = Service("shop")


class PriceChanged(Event, type="price.changed"):
    price: Decimal


@shop.handler
async def handle_price_changed(event: PriceChanged) -> None: ...
