"""The publisher, after: canceled is spelled with one l."""

from enum import StrEnum

from eventkit import Event, Service

shop = Service("shop")


class Status(StrEnum):
    OPEN = "open"
    CANCELED = "canceled"


class OrderCanceled(Event, type="order.canceled"):
    order_id: str
    status: Status  # EK105


@shop.publisher
async def publish_order_canceled() -> OrderCanceled: ...
