"""The publisher, after: weeks have names instead of their first days."""

from eventkit import Event, Service

roster = Service("roster")


class PlanPublished(Event, type="plan.published"):
    shifts: dict[str, int]  # EK106


@roster.publisher
async def publish_plan_published() -> PlanPublished: ...
