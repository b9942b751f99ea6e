"""The service payments, which stays as it is."""

from eventkit import Event, Service

payments = Service("payments")


class PaymentCompleted(Event, type="payment.completed"):  # EK208
    id: str


@payments.publisher
async def publish_payment_completed() -> PaymentCompleted: ...


class ReadOrderCreated(Event, type="order.created"):
    id: str


@payments.handler
async def handle_order_created(event: ReadOrderCreated) -> None: ...
