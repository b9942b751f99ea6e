"""The publisher, after: a position has a height, too."""

from eventkit import Event, Service

fleet = Service("fleet")


class VanMoved(Event, type="van.moved"):
    position: tuple[float, float, float]  # EK108


@fleet.publisher
async def publish_van_moved() -> VanMoved: ...
