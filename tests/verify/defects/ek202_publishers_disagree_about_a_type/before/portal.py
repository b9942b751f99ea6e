"""Another publisher, before."""

from eventkit import Event, Service

portal = Service("portal")


class InvoicePaid(Event, type="invoice.paid"):
    invoice: str
    cents: int


@portal.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
