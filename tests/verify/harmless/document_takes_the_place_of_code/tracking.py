"""The subscriber, which stays as it is."""

from eventkit import Event, Service

tracking = Service("tracking")


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    weight: int


@tracking.handler
async def handle_parcel_shipped(event: ParcelShipped) -> None: ...
