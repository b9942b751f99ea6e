"""The subscriber, before."""

from eventkit import Event, Service

tracking = Service("tracking")


class VanMoved(Event, type="van.moved"):
    position: tuple[float, float]


@tracking.handler
async def handle_van_moved(event: VanMoved) -> None: ...
