"""The publisher, after: extra points lead beyond 100 percent."""

from pydantic import Field

from eventkit import Event, Service

grading = Service("grading")


class ScorePublished(Event, type="score.published"):
    percent: float = Field(ge=0, le=120)  # EK104


@grading.publisher
async def publish_score_published() -> ScorePublished: ...
