"""The publisher, after: two events say how an order was closed."""

from eventkit import Event, Service

shop = Service("shop")


class OrderDelivered(Event, type="order.delivered"):
    order_id: str


class OrderAbandoned(Event, type="order.abandoned"):
    order_id: str


@shop.publisher
async def publish_order_delivered() -> OrderDelivered: ...


@shop.publisher
async def publish_order_abandoned() -> OrderAbandoned: ...
