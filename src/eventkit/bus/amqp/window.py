"""What came from a partition's queue and is not finished, in the order in which RabbitMQ numbered it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pamqp.commands import Basic

from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Failure, Unreadable


class Place:
    """Where a delivery stands.

    Args:
        partition: Its partition.
        tag: RabbitMQ's number for it.
        message: The event, or what came instead of one.
        properties: The message's own properties, where it is no event.
        attempts: How often it was handed out.
        failures: The calls that failed.
        at: When it was published, in seconds since 1970; 0 where nothing tells.
    """

    __slots__ = (
        "acknowledged",
        "at",
        "attempts",
        "failures",
        "finished",
        "message",
        "partition",
        "properties",
        "suspected",
        "tag",
        "window",
    )

    def __init__(
        self,
        partition: int,
        tag: int,
        message: Envelope | Unreadable,
        properties: Basic.Properties | None = None,
        attempts: int = 0,
        failures: tuple[Failure, ...] = (),
        at: float = 0.0,
    ) -> None:
        self.partition = partition
        self.tag = tag
        self.message = message
        self.window: Window | None = None
        self.properties = properties
        self.attempts = attempts
        self.failures = failures
        self.at = at
        self.finished = False
        self.suspected = False
        self.acknowledged = False


class Window:
    """The places of one queue, from the first that is not finished on."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether all is finished."""
        return not self._places

    def add(self, place: Place) -> None:
        """Add what came after all the others."""
        place.window = self
        self._places.append(place)

    def unfinished(self) -> Iterator[Place]:
        """Yield what is not finished."""
        return (place for place in self._places if not place.finished)

    def finish(self, places: Iterable[Place]) -> Iterator[tuple[int, bool]]:
        """Yield what to acknowledge: numbers, and whether each stands for all those before it, too."""
        places = list(places)
        for place in places:
            place.finished = True
        last = None
        while self._places and self._places[0].finished:
            place = self._places.popleft()
            if not place.acknowledged:
                place.acknowledged = True
                last = place
        if last is not None:
            yield last.tag, True
        for place in places:
            if not place.acknowledged:
                place.acknowledged = True
                yield place.tag, False
