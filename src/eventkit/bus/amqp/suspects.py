"""Keeping apart what may end processes.

An event that ends the process of its handler takes with it all that was out beside it. What was handed out twice
without an outcome is a *suspect*. From the first suspect of a partition on, its events are handed out one at a time, in
their order, until there is no suspect any more: the culprit goes on crashing until the worker gives it up, and the
others are handled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from eventkit.bus.amqp.window import Place

CRASHES: Final = 2
"""How many hand-outs without an outcome make a suspect."""


class Suspects:
    """What waits of a partition until what stands before it is settled.

    Args:
        put: Puts an event into the group's queue.
    """

    def __init__(self, put: Callable[[Place], None]) -> None:
        self._put = put
        self._waiting: deque[Place] = deque()
        self._suspects = 0  # those that wait, and the one that is out alone

    def came(self, place: Place, unsettled: int) -> None:
        """Put in what came, now or in its turn.

        Args:
            place: What came.
            unsettled: How many of the partition are in the queue.
        """
        self._suspects += is_suspect(place)
        if self._suspects or self._waiting:
            self._waiting.append(place)
            self.go_on(unsettled)
        else:
            self._put(place)

    def finished(self, places: Collection[Place], unsettled: int) -> None:
        """Take note of what is finished, and put in what may follow.

        Args:
            places: What is finished.
            unsettled: How many of the partition are in the queue.
        """
        if self._suspects:
            self._suspects -= sum(place.suspected for place in places)
            self.go_on(unsettled)

    def go_on(self, unsettled: int) -> None:
        """Put in the next one where none is out, or all where none is suspected."""
        while self._waiting and not (self._suspects and unsettled):
            self._put(self._waiting.popleft())
            unsettled += 1


def is_suspect(place: Place) -> bool:
    """Tell whether an event may have ended processes; it stays so until it is finished."""
    place.suspected = place.attempts - len(place.failures) >= CRASHES
    return place.suspected
