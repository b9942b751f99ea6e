"""The subscriber, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

warehouse = Service("warehouse")


class Reason(StrEnum):
    SOLD_OUT = "sold_out"
    TOO_LATE = "too_late"


class OrderCanceled(Event, type="order.canceled"):
    reason: Reason


@warehouse.handler
async def handle_order_canceled(event: OrderCanceled) -> None: ...
