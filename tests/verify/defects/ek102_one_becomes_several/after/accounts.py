"""The publisher, after: a mail goes to several recipients."""

from eventkit import Event, Service

accounts = Service("accounts")


class MailRequested(Event, type="mail.requested"):
    recipient: list[str]  # EK102
    subject: str


@accounts.publisher
async def publish_mail_requested() -> MailRequested: ...
