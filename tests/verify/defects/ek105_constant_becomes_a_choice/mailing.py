"""The subscriber, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

mailing = Service("mailing")


class ConsentGiven(Event, type="consent.given"):
    user_id: str
    given: Literal[True]  # EK105


@mailing.handler
async def handle_consent_given(event: ConsentGiven) -> None: ...
