"""The service orders, after."""

from eventkit import Event, Service

orders = Service("orders")


class OrderCreated(Event, type="order.created"):  # EK208
    id: str


@orders.publisher
async def publish_order_created() -> OrderCreated: ...


class ReadPaymentCompleted(Event, type="payment.completed"):
    id: str


@orders.handler
async def handle_payment_completed(event: ReadPaymentCompleted) -> None: ...
