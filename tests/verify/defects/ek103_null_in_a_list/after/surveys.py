"""The publisher, after: questions may be skipped."""

from eventkit import Event, Service

surveys = Service("surveys")


class SurveyAnswered(Event, type="survey.answered"):
    answers: list[str | None]  # EK103


@surveys.publisher
async def publish_survey_answered() -> SurveyAnswered: ...
