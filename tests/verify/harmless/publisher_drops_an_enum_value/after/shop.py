"""The publisher, after: one of the reasons does not happen any more."""

from enum import StrEnum

from eventkit import Event, Service

shop = Service("shop")


class Reason(StrEnum):
    SOLD_OUT = "sold_out"


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    reason: Reason


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
