"""The publisher, after: a parcel's address has no country any more, as all of them go to one."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Address(BaseModel):
    street: str
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    address: Address  # EK101


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
