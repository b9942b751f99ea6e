"""The publisher, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Stock(BaseModel):
    north: int
    south: int


class StockCounted(Event, type="stock.counted"):
    stock: Stock


@warehouse.publisher
async def publish_stock_counted() -> StockCounted: ...
