"""The publisher, before."""

from pydantic import BaseModel

from eventkit import Event, Service

crm = Service("crm")


class Mail(BaseModel):
    address: str


class Letter(BaseModel):
    street: str
    city: str


class ContactChanged(Event, type="contact.changed"):
    contact: Mail | Letter


@crm.publisher
async def publish_contact_changed() -> ContactChanged: ...
