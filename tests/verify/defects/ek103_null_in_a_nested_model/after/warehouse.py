"""The publisher, after: an address may have no postcode."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Address(BaseModel):
    city: str
    postcode: str | None  # EK103


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    address: Address


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
