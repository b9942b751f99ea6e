"""The subscriber, before."""

from typing_extensions import TypedDict

from eventkit import Event, Service

search = Service("search")


class Attributes(TypedDict):
    colour: str
    brand: str


class ProductListed(Event, type="product.listed"):
    attributes: Attributes


@search.handler
async def handle_product_listed(event: ProductListed) -> None: ...
