"""The publisher, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class ProductListed(Event, type="product.listed"):
    sku: str = Field(pattern="^[0-9]{6,8}$")  # EK106


@catalog.publisher
async def publish_product_listed() -> ProductListed: ...
