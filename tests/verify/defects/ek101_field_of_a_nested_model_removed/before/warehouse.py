"""The publisher, before."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Address(BaseModel):
    street: str
    city: str
    country: str


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    address: Address


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
