"""storage_service: documents."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient


class Receipt(BaseModel):
    """Where a receipt can be fetched."""

    order_id: str
    url: str


class StorageClient(ServiceClient):
    """Asks storage_service."""

    async def get_receipt(self, order_id: str) -> Receipt:
        """Return the receipt of an order; raises NotFoundError where there is none."""
        return await self.get("/receipts/{order_id}", Receipt, order_id=order_id)
