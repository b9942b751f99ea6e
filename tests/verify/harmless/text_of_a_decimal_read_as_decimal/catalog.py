"""The publisher, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class PriceChanged(Event, type="price.changed"):
    price: str = Field(pattern=r"^[0-9]{1,6}\.[0-9]{2}$")


@catalog.publisher
async def publish_price_changed() -> PriceChanged: ...
