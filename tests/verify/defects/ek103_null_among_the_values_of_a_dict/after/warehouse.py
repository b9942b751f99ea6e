"""The publisher, after: stock that was not counted is null."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class StockCounted(Event, type="stock.counted"):
    stock: dict[str, int | None]  # EK103


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
