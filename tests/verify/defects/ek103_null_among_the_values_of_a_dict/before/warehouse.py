"""The publisher, before."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class StockCounted(Event, type="stock.counted"):
    stock: dict[str, int]


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
