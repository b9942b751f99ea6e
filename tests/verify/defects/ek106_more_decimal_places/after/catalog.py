"""The publisher, after: prices are told to the tenth of a cent."""

from decimal import Decimal

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    price: Decimal = Field(max_digits=9, decimal_places=3)  # EK106


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
