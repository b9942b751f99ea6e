"""The publisher, before."""

from typing import Literal

from eventkit import Event, Service

accounts = Service("accounts")


class ConsentGiven(Event, type="consent.given"):
    user_id: str
    given: Literal[True]


@accounts.publisher
async def publish_consent_given() -> ConsentGiven: ...
