"""What came from a partition's queue and is not finished, in the order in which RabbitMQ numbered it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import takewhile
from operator import attrgetter

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


class Window:
    """The places of one queue that are not acknowledged, in the order in which they came."""

    def __init__(self) -> None:
        self.behind = 0
        """How many are finished behind one that is not."""
        self._places: dict[int, Place] = {}

    @property
    def is_empty(self) -> bool:
        """Whether all is finished."""
        return not self._places

    @property
    def first(self) -> Place | None:
        """The first that is not finished."""
        return next(iter(self._places.values()), None)

    def add(self, place: Place) -> None:
        """Add what came after all the others."""
        place.window = self
        self._places[place.tag] = place

    def unfinished(self) -> Iterator[Place]:
        """Yield what is not finished."""
        return (place for place in self._places.values() if not place.finished)

    def finish(self, places: Collection[Place]) -> int | None:
        """Return the number up to which all is finished, to be acknowledged together; None where that is none."""
        for place in places:
            place.finished = True
        run = [place.tag for place in takewhile(attrgetter("finished"), self._places.values())]
        for tag in run:
            del self._places[tag]
        self.behind += len(places) - len(run)
        return run[-1] if run else None

    def take_behind(self) -> list[int]:
        """Return the numbers of what is finished behind one that is not, each to be acknowledged alone."""
        tags = [place.tag for place in self._places.values() if place.finished]
        for tag in tags:
            del self._places[tag]
        self.behind = 0
        return tags
