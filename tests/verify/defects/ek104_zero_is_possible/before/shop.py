"""The publisher, before."""

from pydantic import PositiveInt

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    sku: str
    quantity: PositiveInt


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
