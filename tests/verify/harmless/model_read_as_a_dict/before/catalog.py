"""The subscriber, before."""

from pydantic import BaseModel

from eventkit import Event, Service

catalog = Service("catalog")


class Stock(BaseModel):
    north: int
    south: int


class StockCounted(Event, type="stock.counted"):
    stock: Stock


@catalog.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
