"""The subscriber, which stays as it is."""

from eventkit import Event, Service

catalog = Service("catalog")


class StockCounted(Event, type="stock.counted"):
    stock: dict[str, int]


@catalog.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
