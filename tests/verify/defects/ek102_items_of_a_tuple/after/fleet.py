"""The publisher, after: a position is told as text, exactly as the receiver tells it."""

from eventkit import Event, Service

fleet = Service("fleet")


class VanMoved(Event, type="van.moved"):
    van: str
    position: tuple[str, str]  # EK102


@fleet.publisher
async def publish_van_moved() -> VanMoved: ...
