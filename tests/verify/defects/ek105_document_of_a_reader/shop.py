"""The publisher, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

shop = Service("shop")


class Reason(StrEnum):
    SOLD_OUT = "sold_out"
    TOO_LATE = "too_late"
    FRAUD = "fraud"


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    reason: Reason  # EK105


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
