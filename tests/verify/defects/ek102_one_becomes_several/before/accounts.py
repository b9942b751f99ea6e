"""The publisher, before."""

from eventkit import Event, Service

accounts = Service("accounts")


class MailRequested(Event, type="mail.requested"):
    recipient: str
    subject: str


@accounts.publisher
async def publish_mail_requested() -> MailRequested: ...
