"""The publisher, which stays as it is."""

from typing_extensions import TypedDict

from eventkit import Event, Service

catalog = Service("catalog")


class Attributes(TypedDict):
    colour: str
    brand: str


class ProductListed(Event, type="product.listed"):
    attributes: Attributes


@catalog.publisher
async def publish_product_listed() -> ProductListed: ...
