"""The publisher, after: a third store is opened."""

from enum import StrEnum

from eventkit import Event, Service

warehouse = Service("warehouse")


class Store(StrEnum):
    NORTH = "north"
    SOUTH = "south"
    WEST = "west"


class StockCounted(Event, type="stock.counted"):
    stock: dict[Store, int]  # EK106


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
