"""The publisher, after: reasons are an enum at last."""

from enum import StrEnum

from eventkit import Event, Service

shop = Service("shop")


class Reason(StrEnum):
    SOLD_OUT = "sold_out"
    TOO_LATE = "too_late"


class OrderCanceled(Event, type="order.canceled"):
    reason: Reason


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
