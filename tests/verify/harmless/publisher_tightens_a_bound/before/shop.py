"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    quantity: int = Field(ge=1, le=100)


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
