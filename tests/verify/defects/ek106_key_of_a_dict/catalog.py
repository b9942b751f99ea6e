"""The subscriber, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

catalog = Service("catalog")


class Store(StrEnum):
    NORTH = "north"
    SOUTH = "south"


class StockCounted(Event, type="stock.counted"):
    stock: dict[Store, int]  # EK106


@catalog.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
