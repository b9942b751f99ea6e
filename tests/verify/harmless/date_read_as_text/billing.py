"""The publisher, which stays as it is."""

from datetime import date

from eventkit import Event, Service

billing = Service("billing")


class InvoiceIssued(Event, type="invoice.issued"):
    issued: date


@billing.publisher
async def publish_invoice_issued() -> InvoiceIssued: ...
