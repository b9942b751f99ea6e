"""The publisher, which stays as it is."""

from eventkit import Event, Service

fleet = Service("fleet")


class VanMoved(Event, type="van.moved"):
    position: tuple[float, float]


@fleet.publisher
async def publish_van_moved() -> VanMoved: ...
