"""The publisher, before."""

from eventkit import Event, Service

devices = Service("devices")


class ReadingTaken(Event, type="reading.taken"):
    device: str
    level: int


@devices.publisher
async def publish_reading_taken() -> ReadingTaken: ...
