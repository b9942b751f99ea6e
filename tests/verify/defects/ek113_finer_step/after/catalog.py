"""The publisher, after: prices need not be paid in coins any more."""

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    cents: int  # EK113


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
