"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

mailing = Service("mailing")


class Mail(BaseModel):
    address: str


class Letter(BaseModel):
    street: str
    city: str


class ContactChanged(Event, type="contact.changed"):
    contact: Mail | Letter  # EK111


@mailing.handler
async def handle_contact_changed(event: ContactChanged) -> None: ...
