"""The subscriber, which stays as it is."""

from pydantic import BaseModel

from eventkit import Event, Service

tracking = Service("tracking")


class Address(BaseModel):
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    address: Address


@tracking.handler
async def handle_parcel_shipped(event: ParcelShipped) -> None: ...
