"""product_service: the plans, the subscriptions to them, and their use."""

from eventkit import Service

service = Service(
    "product_service",
    version="1.0.0",
    description="Knows the plans, keeps the subscriptions to them, and records their use.",
)
