"""The subscriber, after: its handler uses the database and is tried more often."""

from eventkit import Event, Retry, Service

warehouse = Service("warehouse")


class OrderPlaced(Event, type="order.placed"):
    order_id: str


class Database: ...


@warehouse.handler(retry=Retry(attempts=9))
async def reserve_stock(event: OrderPlaced, database: Database) -> None: ...
