"""The subscriber, which stays as it is."""

from eventkit import Event, Service

pricing = Service("pricing")


class CartUpdated(Event, type="cart.updated"):
    sku: str
    quantity: int  # EK102


@pricing.handler
async def handle_cart_updated(event: CartUpdated) -> None: ...
