"""wallet_service: what customers can spend."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from eventkit import ServiceClient


class Balance(BaseModel):
    """What a customer can spend in one currency: credits and the limits of the cards in the wallet together."""

    wallet_id: str
    available: Decimal


class WalletClient(ServiceClient):
    """Asks wallet_service."""

    async def get_balance(self, user_id: str, currency: str) -> Balance:
        """Return what a customer can spend.

        Args:
            user_id: The customer.
            currency: The currency of the answer, as its ISO 4217 code.
        """
        return await self.get("/users/{user_id}/balance", Balance, query={"currency": currency}, user_id=user_id)
