"""The subscriber, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

warehouse = Service("warehouse")


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    reason: Literal["sold_out", "too_late"]  # EK105


@warehouse.handler
async def handle_order_canceled(event: OrderCanceled) -> None: ...
