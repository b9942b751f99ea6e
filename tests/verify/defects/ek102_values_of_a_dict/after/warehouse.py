"""The publisher, after: stock is told by batch."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class StockCounted(Event, type="stock.counted"):
    stock: dict[str, list[int]]  # EK102


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
