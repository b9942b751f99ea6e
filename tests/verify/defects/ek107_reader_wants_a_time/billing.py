"""The publisher, which stays as it is."""

from eventkit import Event, Service

billing = Service("billing")


class InvoiceIssued(Event, type="invoice.issued"):
    issued: str  # EK107


@billing.publisher
async def publish_invoice_issued() -> InvoiceIssued: ...
