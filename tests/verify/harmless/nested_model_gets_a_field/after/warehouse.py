"""The publisher, after: an address has a second line."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Address(BaseModel):
    street: str
    street_2: str | None = None
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    address: Address


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
