"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

reports = Service("reports")


class Grade(BaseModel):
    value: int  # EK102


class ScorePublished(Event, type="score.published"):
    student: str
    grade: Grade


@reports.handler
async def handle_score_published(event: ScorePublished) -> None: ...
