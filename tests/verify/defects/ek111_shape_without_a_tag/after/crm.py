"""The publisher, after: a contact may be a phone."""

from pydantic import BaseModel

from eventkit import Event, Service

crm = Service("crm")


class Mail(BaseModel):
    address: str


class Letter(BaseModel):
    street: str
    city: str


class Phone(BaseModel):
    number: str


class ContactChanged(Event, type="contact.changed"):
    contact: Mail | Letter | Phone  # EK111


@crm.publisher
async def publish_contact_changed() -> ContactChanged: ...
