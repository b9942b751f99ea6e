"""The subscriber, before."""

from eventkit import Event, Service

mailing = Service("mailing")


class ConsentGiven(Event, type="consent.given"):
    given: bool


@mailing.handler
async def handle_consent_given(event: ConsentGiven) -> None: ...
