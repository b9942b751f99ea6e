"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

till = Service("till")


class PriceChanged(Event, type="price.changed"):
    cents: int = Field(multiple_of=5)  # EK113


@till.handler
async def handle_price_changed(event: PriceChanged) -> None: ...
