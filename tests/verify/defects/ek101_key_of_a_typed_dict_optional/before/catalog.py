"""The publisher, before."""

from typing_extensions import TypedDict

from eventkit import Event, Service

catalog = Service("catalog")


class Attributes(TypedDict):
    colour: str
    brand: str


class ProductListed(Event, type="product.listed"):
    sku: str
    attributes: Attributes


@catalog.publisher
async def publish_product_listed() -> ProductListed: ...
