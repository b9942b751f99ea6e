"""Another publisher, after: it knows one more way to pay."""

from typing import Literal

from eventkit import Event, Service

portal = Service("portal")


class InvoicePaid(Event, type="invoice.paid"):
    cents: int
    method: Literal["card", "transfer", "cash"]  # EK202


@portal.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
