"""The publisher, after."""

from pydantic import Field

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):
    order_id: str
    coupon: str = Field(default="none", exclude_if=lambda coupon: coupon == "none")  # EK101


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...
