"""account_service: who the customers are."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient
from eventkit.clients.errors import NotFoundError


class User(BaseModel):
    """A customer."""

    user_id: str
    active: bool


class AccountClient(ServiceClient):
    """Asks account_service."""

    async def get_user(self, user_id: str) -> User:
        """Return a customer; raises NotFoundError where there is none."""
        return await self.get("/users/{user_id}", User, user_id=user_id)

    async def validate_user(self, user_id: str) -> bool:
        """Tell whether there is such a customer, and the account is in use."""
        try:
            return (await self.get_user(user_id)).active
        except NotFoundError:
            return False
