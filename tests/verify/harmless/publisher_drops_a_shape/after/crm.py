"""The publisher, after: there are no letters any more."""

from pydantic import BaseModel

from eventkit import Event, Service

crm = Service("crm")


class Mail(BaseModel):
    address: str


class ContactChanged(Event, type="contact.changed"):
    contact: Mail


@crm.publisher
async def publish_contact_changed() -> ContactChanged: ...
