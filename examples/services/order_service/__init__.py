"""order_service: takes orders, has them paid, and sees them through to the end."""

from eventkit import Service

service = Service(
    "order_service",
    version="1.0.0",
    description="Takes orders, waits for their payment, and completes, cancels, expires or refunds them.",
)
