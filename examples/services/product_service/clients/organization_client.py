"""organization_service: who customers act for."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient
from eventkit.clients.errors import NotFoundError


class Organization(BaseModel):
    """An organization, with the customers who belong to it."""

    organization_id: str
    member_ids: list[str]


class OrganizationClient(ServiceClient):
    """Asks organization_service."""

    async def get_organization(self, organization_id: str) -> Organization:
        """Return an organization; raises NotFoundError where there is none."""
        return await self.get("/organizations/{organization_id}", Organization, organization_id=organization_id)

    async def validate_organization(self, organization_id: str, *, member_id: str) -> bool:
        """Tell whether there is such an organization, and the customer belongs to it."""
        try:
            return member_id in (await self.get_organization(organization_id)).member_ids
        except NotFoundError:
            return False
