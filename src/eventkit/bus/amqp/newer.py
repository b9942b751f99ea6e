"""Leaving the events of new types to the version that handles them.

While a version with a new handler replaces one without, the group's queues get the new type's events before the
instances of the old version have handed their partitions over. Those do not handle such an event: they keep it, and
what follows it of its key, without acknowledging it. It comes back to the instance that gets the partition, in order.
Where nobody comes who handles the type, it goes the way of all events that a service has no handler for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from eventkit.bus.amqp.window import Place
from eventkit.contract.envelope import Envelope

_COMES_WITHIN: Final = 2.0
"""Seconds in which an instance that has bound a new type's queues has told the others that it is there."""


class Newer:
    """What one partition keeps for a newer version.

    Args:
        types: The types that this instance handles.
        leaves: Tells whether its partitions go to instances that handle more.
        put: Hands on an event that nobody came for.
    """

    def __init__(self, types: Collection[str], leaves: Callable[[], bool], put: Callable[[Place], None]) -> None:
        self._types = types
        self._leaves = leaves
        self._put = put
        self._places: list[Place] = []
        self._keys: set[str] = set()
        self._unhandled: set[str] = set()  # types that nobody came for
        self._timer: asyncio.TimerHandle | None = None

    def keeps(self, place: Place) -> bool:
        """Tell whether an event is kept, and is not to be handed on."""
        message = place.message
        if not isinstance(message, Envelope):
            return False
        follows = message.key is not None and message.key in self._keys
        if not follows and (message.type in self._types or message.type in self._unhandled):
            return False
        self._places.append(place)
        if message.key is not None:
            self._keys.add(message.key)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_COMES_WITHIN, self._look)
        return True

    def changed(self) -> None:
        """An instance came or went: it may be one that handles what nobody came for before."""
        self._unhandled.clear()

    def end(self) -> None:
        """The partition is another's from now on."""
        if self._timer is not None:
            self._timer.cancel()
        self._places.clear()

    def _look(self) -> None:
        self._timer = None
        if self._leaves():
            self._timer = asyncio.get_running_loop().call_later(_COMES_WITHIN, self._look)
            return
        places, self._places = self._places, []
        self._keys.clear()
        for place in places:
            if isinstance(place.message, Envelope) and place.message.type not in self._types:
                self._unhandled.add(place.message.type)
            self._put(place)
