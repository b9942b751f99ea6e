"""The publisher, after: a consent may be withdrawn by the same event."""

from eventkit import Event, Service

accounts = Service("accounts")


class ConsentGiven(Event, type="consent.given"):
    user_id: str
    given: bool  # EK105


@accounts.publisher
async def publish_consent_given() -> ConsentGiven: ...
