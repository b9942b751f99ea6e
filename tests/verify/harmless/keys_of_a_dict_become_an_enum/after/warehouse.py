"""The publisher, after: stores are an enum."""

from enum import StrEnum

from eventkit import Event, Service

warehouse = Service("warehouse")


class Store(StrEnum):
    NORTH = "north"
    SOUTH = "south"


class StockCounted(Event, type="stock.counted"):
    stock: dict[Store, int]


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
