"""The subscriber, which stays as it is."""

from typing import Annotated

from pydantic import StringConstraints

from eventkit import Event, Service

catalog = Service("catalog")


class StockCounted(Event, type="stock.counted"):
    stock: dict[Annotated[str, StringConstraints(pattern="^[a-z]+$")], int]  # EK109


@catalog.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
