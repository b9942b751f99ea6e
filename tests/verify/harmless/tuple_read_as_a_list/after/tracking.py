"""The subscriber, after: a position may have more than two numbers one day."""

from eventkit import Event, Service

tracking = Service("tracking")


class VanMoved(Event, type="van.moved"):
    position: list[float]


@tracking.handler
async def handle_van_moved(event: VanMoved) -> None: ...
