"""The publisher, before."""

from pydantic import BaseModel

from eventkit import Event, Service

grading = Service("grading")


class Grade(BaseModel):
    value: int
    comment: str


class ScorePublished(Event, type="score.published"):
    grade: Grade


@grading.publisher
async def publish_score_published() -> ScorePublished: ...
