"""billing_service: who owes what."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient


class Standing(BaseModel):
    """How reliably a customer pays."""

    overdue_invoices: int


class BillingClient(ServiceClient):
    """Asks billing_service."""

    async def has_overdue_invoices(self, user_id: str) -> bool:
        """Tell whether the customer has bills that should have been paid by now."""
        standing = await self.get("/users/{user_id}/standing", Standing, user_id=user_id)
        return standing.overdue_invoices > 0
