"""The subscriber, before."""

from pydantic import Field

from eventkit import Event, Service

search = Service("search")


class ProductListed(Event, type="product.listed"):
    sku: str = Field(pattern="^[0-9]+$")


@search.handler
async def handle_product_listed(event: ProductListed) -> None: ...
