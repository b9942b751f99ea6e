"""Another publisher, after: it publishes the event in the same shape, in code of its own."""

from eventkit import Event, Service

portal = Service("portal")


class Base(Event):
    cents: int


class InvoicePaid(Base, type="invoice.paid"):
    invoice: str


@portal.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
