"""The subscriber, which stays as it is."""

from eventkit import Event, Service

ledger = Service("ledger")


class InvoicePaid(Event, type="invoice.paid"):
    cents: int


@ledger.handler
async def handle_invoice_paid(event: InvoicePaid) -> None: ...
