"""The subscriber, after: the day is only shown."""

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued"):
    issued: str


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
