"""The publisher, after: stock is never negative."""

from pydantic import NonNegativeInt

from eventkit import Event, Service

warehouse = Service("warehouse")


class StockCounted(Event, type="stock.counted"):
    stock: dict[str, NonNegativeInt]


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
