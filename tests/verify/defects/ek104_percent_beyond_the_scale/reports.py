"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

reports = Service("reports")


class ScorePublished(Event, type="score.published"):
    percent: float = Field(ge=0, le=100)  # EK104


@reports.handler
async def handle_score_published(event: ScorePublished) -> None: ...
