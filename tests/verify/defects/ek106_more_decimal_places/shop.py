"""The subscriber, which stays as it is."""

from decimal import Decimal

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


class PriceChanged(Event, type="price.changed"):
    price: Decimal = Field(max_digits=8, decimal_places=2)  # EK106


@shop.handler
async def handle_price_changed(event: PriceChanged) -> None: ...
