"""The publisher, which stays as it is."""

from eventkit import Event, Service

billing = Service("billing")


class InvoicePaid(Event, type="invoice.paid"):
    invoice: str  # EK202
    cents: int


@billing.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
