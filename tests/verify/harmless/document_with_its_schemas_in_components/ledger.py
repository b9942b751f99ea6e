"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

ledger = Service("ledger")


class Money(BaseModel):
    value: int
    currency: str


class InvoiceIssued(Event, type="invoice.issued"):
    total: Money


@ledger.handler
async def handle_invoice_issued(event: InvoiceIssued) -> None: ...
