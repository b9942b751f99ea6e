"""The subscriber, after: it reads a weight, if there is one, which the publisher's document leaves open."""

from eventkit import Event, Service

tracking = Service("tracking")


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    weight: int = 0  # EK102


@tracking.handler
async def handle_parcel_shipped(event: ParcelShipped) -> None: ...
