"""The publisher, after: article numbers have eight digits."""

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class ProductListed(Event, type="product.listed"):
    sku: str = Field(pattern="^[0-9]{8}$")


@catalog.publisher
async def publish_product_listed() -> ProductListed: ...
