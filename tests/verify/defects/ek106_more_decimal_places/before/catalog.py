"""The publisher, before."""

from decimal import Decimal

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    price: Decimal = Field(max_digits=8, decimal_places=2)


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
