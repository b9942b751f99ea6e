"""The subscriber, which stays as it is."""

from eventkit import Event, Service

mailing = Service("mailing")


class MailRequested(Event, type="mail.requested"):
    recipient: str  # EK102
    subject: str


@mailing.handler
async def handle_mail_requested(event: MailRequested) -> None: ...
