"""The service orders, before."""

from eventkit import Event, Service

orders = Service("orders")


class OrderCreated(Event, type="order.created"):
    id: str


@orders.publisher
async def publish_order_created() -> OrderCreated: ...
