"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

pricing = Service("pricing")


class CartUpdated(Event, type="cart.updated"):
    quantity: int = Field(ge=0, le=100)


@pricing.handler
async def handle_cart_updated(event: CartUpdated) -> None: ...
