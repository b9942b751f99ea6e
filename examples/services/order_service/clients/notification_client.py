"""notification_service: what customers were told. To tell them something, publish an event: nobody waits for it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from eventkit import ServiceClient


class Notification(BaseModel):
    """One message to a customer."""

    notification_id: str
    channel: str
    text: str
    sent_at: datetime


class NotificationClient(ServiceClient):
    """Asks notification_service."""

    async def list_notifications(self, order_id: str) -> list[Notification]:
        """Return what the customer was told about an order, the oldest first."""
        return await self.get("/orders/{order_id}/notifications", list[Notification], order_id=order_id)
