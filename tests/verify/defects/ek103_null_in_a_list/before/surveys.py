"""The publisher, before."""

from eventkit import Event, Service

surveys = Service("surveys")


class SurveyAnswered(Event, type="survey.answered"):
    answers: list[str]


@surveys.publisher
async def publish_survey_answered() -> SurveyAnswered: ...
