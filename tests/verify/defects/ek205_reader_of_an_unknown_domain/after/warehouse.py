"""The subscriber, after: it handles an event of a service whose contract is not among the sources."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: str


class StockCounted(Event, type="stock.counted"):  # EK205
    stock: dict[str, int]


@warehouse.handler
async def handle_order_placed(event: OrderPlaced) -> None: ...


@warehouse.handler
async def handle_stock_counted(event: StockCounted) -> None: ...
