"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

tracking = Service("tracking")


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str = Field(alias="parcelId")  # EK101


@tracking.handler
async def handle_parcel_shipped(event: ParcelShipped) -> None: ...
