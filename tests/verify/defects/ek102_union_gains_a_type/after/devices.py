"""The publisher, after: a reading may be a text such as "low"."""

from eventkit import Event, Service

devices = Service("devices")


class ReadingTaken(Event, type="reading.taken"):
    device: str
    level: int | str  # EK102


@devices.publisher
async def publish_reading_taken() -> ReadingTaken: ...
