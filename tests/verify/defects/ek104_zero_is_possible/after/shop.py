"""The publisher, after: a line that was emptied has the quantity 0."""

from pydantic import NonNegativeInt

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    sku: str
    quantity: NonNegativeInt  # EK104


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
