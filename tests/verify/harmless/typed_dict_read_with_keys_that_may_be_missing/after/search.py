"""The subscriber, after: it can do without any of the attributes."""

from typing_extensions import TypedDict

from eventkit import Event, Service

search = Service("search")


class Attributes(TypedDict, total=False):
    brand: str
    size: int


class ProductListed(Event, type="product.listed"):
    attributes: Attributes


@search.handler
async def handle_product_listed(event: ProductListed) -> None: ...
