"""The subscriber, after: its models are made strict, to find typing errors."""

from eventkit import Event, Service

ledger = Service("ledger")


class InvoiceIssued(Event, type="invoice.issued", extra="forbid"):  # EK109
    invoice_id: str


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
