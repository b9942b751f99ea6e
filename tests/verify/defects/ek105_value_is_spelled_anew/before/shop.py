"""The publisher, before."""

from enum import StrEnum

from eventkit import Event, Service

shop = Service("shop")


class Status(StrEnum):
    OPEN = "open"
    CANCELED = "cancelled"


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    status: Status


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
