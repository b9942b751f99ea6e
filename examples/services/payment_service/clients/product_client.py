"""product_service: the plans."""

from __future__ import annotations

from pydantic import BaseModel

from eventkit import ServiceClient


class Plan(BaseModel):
    """A plan, as far as billing is concerned."""

    plan_id: str
    period_days: int
    trial_days: int


class ProductClient(ServiceClient):
    """Asks product_service."""

    async def get_plan(self, plan_id: str) -> Plan:
        """Return a plan; raises NotFoundError where there is none."""
        return await self.get("/plans/{plan_id}", Plan, plan_id=plan_id)
