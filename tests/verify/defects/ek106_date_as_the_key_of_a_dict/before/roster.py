"""The publisher, before."""

from datetime import date

from eventkit import Event, Service

roster = Service("roster")


class PlanPublished(Event, type="plan.published"):
    shifts: dict[date, int]


@roster.publisher
async def publish_plan_published() -> PlanPublished: ...
