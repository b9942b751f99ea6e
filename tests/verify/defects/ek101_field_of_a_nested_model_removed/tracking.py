"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

tracking = Service("tracking")


class Address(BaseModel):
    city: str
    country: str  # EK101


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    address: Address


@tracking.handler
async def handle_parcel_shipped(event: ParcelShipped) -> None: ...
