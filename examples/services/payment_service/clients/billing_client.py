"""billing_service: how customers pay."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient
from payment_service.models import PaymentMethod


class BillingAccount(BaseModel):
    """What billing_service keeps of a customer."""

    payment_method: PaymentMethod


class BillingClient(ServiceClient):
    """Asks billing_service."""

    async def get_payment_method(self, user_id: str) -> PaymentMethod:
        """Return how the customer pays; raises NotFoundError where there is no such customer."""
        account = await self.get("/users/{user_id}/account", BillingAccount, user_id=user_id)
        return account.payment_method
