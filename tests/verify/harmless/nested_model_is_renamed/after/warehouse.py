"""The publisher, after: an address is called a destination in the code."""

from pydantic import BaseModel

from eventkit import Event, Service

warehouse = Service("warehouse")


class Destination(BaseModel):
    city: str


class ParcelShipped(Event, type="parcel.shipped"):
    address: Destination


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
