"""The subscriber, after: the currency has no default any more."""

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued"):
    invoice_id: str
    currency: str  # EK101


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
