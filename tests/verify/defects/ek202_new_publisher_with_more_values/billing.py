"""The publisher, which stays as it is."""

from typing import Literal

from eventkit import Event, Service

billing = Service("billing")


class InvoicePaid(Event, type="invoice.paid"):
    cents: int
    method: Literal["card", "transfer"]  # EK202


@billing.publisher
async def publish_invoice_paid() -> InvoicePaid: ...
