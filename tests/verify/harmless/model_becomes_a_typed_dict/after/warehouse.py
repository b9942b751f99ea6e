"""The publisher, after: an address is a plain dict in the code."""

from typing_extensions import TypedDict

from eventkit import Event, Service

warehouse = Service("warehouse")


class Address(TypedDict):
    street: str
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    address: Address


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
