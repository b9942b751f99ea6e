"""The publisher, after: quantities may be weighed."""

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    sku: str
    quantity: float  # EK102


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
