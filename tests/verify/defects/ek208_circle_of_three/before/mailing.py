"""The service mailing, before."""

from eventkit import Event, Service

mailing = Service("mailing")


class ReadStockReserved(Event, type="stock.reserved"):
    id: str


@mailing.handler
async def handle_stock_reserved(event: ReadStockReserved) -> None: ...
