"""The publisher, after: grades are letters instead of points."""

from typing import Generic, TypeVar

from pydantic import BaseModel

from eventkit import Event, Service

grading = Service("grading")


T = TypeVar("T")


class Graded(BaseModel, Generic[T]):
    value: T  # EK102
    comment: str


class ScorePublished(Event, type="score.published"):
    student: str
    grade: Graded[str]


@grading.publisher
async def publish_score_published() -> ScorePublished: ...
