"""The publisher, after: the enum of reasons is written as literals, in another order."""

from typing import Literal

from eventkit import Event, Service

shop = Service("shop")


class OrderCanceled(Event, type="order.canceled"):
    reason: Literal["too_late", "sold_out"]


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
