"""The publisher, which stays as it is."""

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    price: float


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
