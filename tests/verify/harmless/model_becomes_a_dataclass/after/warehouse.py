"""The publisher, after: an address is a dataclass in the code."""

from dataclasses import dataclass

from eventkit import Event, Service

warehouse = Service("warehouse")


@dataclass
class Address:
    street: str
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    address: Address


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
