"""The subscriber, which stays as it is."""

from enum import StrEnum

from eventkit import Event, Service

warehouse = Service("warehouse")


class Status(StrEnum):
    OPEN = "open"
    CANCELED = "cancelled"


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    status: Status  # EK105


@warehouse.handler
async def handle_order_canceled(event: OrderCanceled) -> None: ...
