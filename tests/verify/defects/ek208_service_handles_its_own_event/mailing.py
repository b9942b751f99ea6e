"""The service mailing, which stays as it is."""

from eventkit import Event, Service

mailing = Service("mailing")


class ReadOrderCreated(Event, type="order.created"):
    id: str


@mailing.handler
async def handle_order_created(event: ReadOrderCreated) -> None: ...
