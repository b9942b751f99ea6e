"""The publisher, after."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class Paid(Event, type="payment.completed"):
    """A customer has paid."""

    order_id: str = Field(description="Which order was paid.")


@payments.publisher
async def publish_paid() -> Paid: ...
