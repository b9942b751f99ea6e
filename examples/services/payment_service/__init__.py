"""payment_service: takes payments for orders and invoices, pays back, and keeps the billing side of subscriptions."""

from eventkit import Service

service = Service(
    "payment_service",
    version="1.0.0",
    description="Takes payments for orders and invoices, pays back, and bills subscriptions.",
)
