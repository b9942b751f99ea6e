"""The publisher, after: prices are in steps of ten cents."""

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    cents: int = Field(multiple_of=10)


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
