"""Another publisher, after: its invoices have numbers."""

from eventkit import Event, Service

portal = Service("portal")


class InvoicePaid(Event, type="invoice.paid"):
    invoice: int  # EK202
    cents: int


@portal.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
