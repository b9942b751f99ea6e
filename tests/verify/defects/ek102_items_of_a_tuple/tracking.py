"""The subscriber, which stays as it is."""

from eventkit import Event, Service

tracking = Service("tracking")


class VanMoved(Event, type="van.moved"):
    van: str
    position: list[float]  # EK102


@tracking.handler
async def handle_van_moved(event: VanMoved) -> None: ...
