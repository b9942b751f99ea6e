"""The subscriber, which stays as it is."""

from eventkit import Event, Service

reports = Service("reports")


class SurveyAnswered(Event, type="survey.answered"):
    answers: list[str]  # EK103


@reports.handler
async def handle_survey_answered(event: SurveyAnswered) -> None: ...
