"""wallet_service: the customers' credits."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from eventkit import ServiceClient


class Balance(BaseModel):
    """What a customer can spend in one currency: credits and the limits of the cards in the wallet together."""

    available: Decimal


class WalletClient(ServiceClient):
    """Asks wallet_service. What moves money is named by its caller: the same name twice moves it once."""

    async def get_balance(self, user_id: str, currency: str) -> Balance:
        """Return what a customer can spend.

        Args:
            user_id: The customer.
            currency: The currency of the answer, as its ISO 4217 code.
        """
        return await self.get("/users/{user_id}/balance", Balance, query={"currency": currency}, user_id=user_id)

    async def add_credits(self, wallet_id: str, name: str, *, amount: Decimal, currency: str, order_id: str) -> None:
        """Put credits into a wallet.

        Args:
            wallet_id: The wallet.
            name: Names this movement of money.
            amount: How much, in units of `currency`.
            currency: As its ISO 4217 code.
            order_id: The order that paid for the credits.
        """
        await self.put(
            "/wallets/{wallet_id}/credits/{name}",
            body={"amount": amount, "currency": currency, "order_id": order_id},
            wallet_id=wallet_id,
            name=name,
        )

    async def deduct(self, user_id: str, name: str, *, amount: Decimal, currency: str) -> None:
        """Take money from a customer; raises StatusError where there is too little.

        Args:
            user_id: The customer.
            name: Names this movement of money.
            amount: How much, in units of `currency`.
            currency: As its ISO 4217 code.
        """
        await self.put(
            "/users/{user_id}/deductions/{name}",
            body={"amount": amount, "currency": currency},
            user_id=user_id,
            name=name,
        )
