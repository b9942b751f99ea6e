"""The publisher, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class ParcelShipped(Event, type="parcel.shipped"):
    parcel_id: str
    weight: int


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
