"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

grading = Service("grading")


class ScorePublished(Event, type="score.published"):
    percent: float = Field(ge=0, le=100)


@grading.publisher
async def publish_score_published() -> ScorePublished: ...
