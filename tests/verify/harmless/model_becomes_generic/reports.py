"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

reports = Service("reports")


class Grade(BaseModel):
    value: int


class ScorePublished(Event, type="score.published"):
    grade: Grade


@reports.handler
async def handle_score_published(event: ScorePublished) -> None: ...
