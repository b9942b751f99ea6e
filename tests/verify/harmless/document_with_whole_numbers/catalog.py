"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

catalog = Service("catalog")


class StockCounted(Event, type="stock.counted"):
    count: int = Field(ge=1)


@catalog.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
