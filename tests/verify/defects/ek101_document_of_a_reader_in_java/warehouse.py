"""The publisher, which stays as it is."""

from eventkit import Event, Service

warehouse = Service("warehouse")


class ParcelShipped(Event, type="parcel.shipped"):  # EK101
    parcel_id: str


@warehouse.publisher
async def publish_parcel_shipped() -> ParcelShipped: ...
