"""The publisher, after: nobody may order more than 20 pieces."""

from pydantic import Field

from eventkit import Event, Service

shop = Service("shop")


class CartUpdated(Event, type="cart.updated"):
    quantity: int = Field(ge=1, le=20)


@shop.publisher
async def publish_cart_updated() -> CartUpdated: ...
