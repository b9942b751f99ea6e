"""The subscriber, which stays as it is."""

from eventkit import Event, Service

alarms = Service("alarms")


class ReadingTaken(Event, type="reading.taken"):
    device: str
    level: int  # EK102


@alarms.handler
async def handle_reading_taken(event: ReadingTaken) -> None: ...
