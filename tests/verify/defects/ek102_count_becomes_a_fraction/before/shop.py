"""The publisher, before."""

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    sku: str
    quantity: int


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
