"""The subscriber, after: the day is read as a time."""

from datetime import date

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued"):
    issued: date  # EK107


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
