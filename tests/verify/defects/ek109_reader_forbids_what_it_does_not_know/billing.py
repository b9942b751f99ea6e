"""The publisher, which stays as it is."""

from eventkit import Event, Service

billing = Service("billing")


class InvoiceIssued(Event, type="invoice.issued"):
    invoice_id: str
    cents: int  # EK109


@billing.publisher
async def publish_invoice_issued() -> InvoiceIssued: ...
