"""The subscriber, before."""

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued"):
    invoice_id: str
    currency: str = "EUR"


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
