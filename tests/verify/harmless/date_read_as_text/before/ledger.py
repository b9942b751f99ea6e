"""The subscriber, before."""

from datetime import date

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued"):
    issued: date


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
