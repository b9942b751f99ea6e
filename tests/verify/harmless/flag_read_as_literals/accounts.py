"""The publisher, which stays as it is."""

from eventkit import Event, Service

accounts = Service("accounts")


class ConsentGiven(Event, type="consent.given"):
    given: bool


@accounts.publisher
async def publish_consent_given() -> ConsentGiven: ...
