"""The subscriber, which stays as it is."""

from typing_extensions import TypedDict

from eventkit import Event, Service

search = Service("search")


class Attributes(TypedDict):
    brand: str  # EK101


class ProductListed(Event, type="product.listed"):
    sku: str
    attributes: Attributes


@search.handler
async def handle_product_listed(event: ProductListed) -> None: ...
