"""The publisher, after: a product may come without a brand."""

from typing import NotRequired

from typing_extensions import TypedDict

from eventkit import Event, Service

catalog = Service("catalog")


class Attributes(TypedDict):
    colour: str
    brand: NotRequired[str]  # EK101


class ProductListed(Event, type="product.listed"):
    sku: str
    attributes: Attributes


@catalog.publisher
async def publish_product_listed() -> ProductListed: ...
