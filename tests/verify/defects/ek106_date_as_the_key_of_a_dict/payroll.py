"""The subscriber, which stays as it is."""

from datetime import date

from eventkit import Event, Service

payroll = Service("payroll")


class PlanPublished(Event, type="plan.published"):
    shifts: dict[date, int]  # EK106


@payroll.handler
async def handle_plan_published(event: PlanPublished) -> None: ...
