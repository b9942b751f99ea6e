"""The subscriber, after: both answers are spelled out."""

from typing import Literal

from eventkit import Event, Service

mailing = Service("mailing")


class ConsentGiven(Event, type="consent.given"):
    given: Literal[True, False]


@mailing.handler
async def handle_consent_given(event: ConsentGiven) -> None: ...
