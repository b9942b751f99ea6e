"""The service stock, which stays as it is."""

from eventkit import Event, Service

stock = Service("stock")


class StockReserved(Event, type="stock.reserved"):  # EK208
    id: str


@stock.publisher
async def publish_stock_reserved() -> StockReserved: ...


class ReadPaymentCompleted(Event, type="payment.completed"):
    id: str


@stock.handler
async def handle_payment_completed(event: ReadPaymentCompleted) -> None: ...
