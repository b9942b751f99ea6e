"""The publisher, before."""

from decimal import Decimal

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    price: Decimal


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
