"""What waits until RabbitMQ takes messages again, while handlers go on.

When its memory or its disk is short, RabbitMQ reads nothing more from connections that publish. It delivers and takes
acknowledgements all the while, on others. So what would have to be published is kept here: the events that are to
become dead letters, which are acknowledged afterwards, and which partitions have notes of failed calls that are not
stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from eventkit.bus.amqp.connection import Link
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead, Delivery

_LOOK_AGAIN: Final = 0.25

P = TypeVar("P")


class Later(Generic[P]):
    """What one instance has to store later.

    Args:
        link: The connection that RabbitMQ reads nothing from.
        extend: Renews the leases of events that are to become dead letters.
        store: Stores both, and adds here again what RabbitMQ still does not take.
    """

    def __init__(
        self,
        link: Link,
        *,
        extend: Callable[[Sequence[Delivery]], Awaitable[None]],
        store: Callable[[Sequence[Dead], Collection[P]], Awaitable[None]],
    ) -> None:
        self._link = link
        self._extend = extend
        self._store = store
        self._dead: list[Dead] = []
        self._partitions: set[P] = set()
        self._waiting: asyncio.Task[None] | None = None

    def add(self, *, dead: Collection[Dead] = (), partitions: Collection[P] = ()) -> None:
        """Keep dead letters, and partitions whose notes are not stored."""
        self._dead += dead
        self._partitions |= set(partitions)
        if (self._dead or self._partitions) and self._waiting is None:
            self._waiting = asyncio.create_task(self._wait())

    async def end(self) -> list[Dead]:
        """Store nothing more; return the dead letters that were not stored, or not settled afterwards."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait({self._waiting})
            self._waiting = None
        dead, self._dead = self._dead, []
        self._partitions.clear()
        return dead

    async def _wait(self) -> None:
        while self._dead or self._partitions:
            await asyncio.sleep(_LOOK_AGAIN)
            await self._extend([each.delivery for each in self._dead])
            with suppress(BusError):  # then it is tried again
                if not await self._link.is_blocked():
                    await self._try_to_store()
        self._waiting = None

    async def _try_to_store(self) -> None:
        dead, self._dead = self._dead, []
        partitions, self._partitions = self._partitions, set()
        try:
            await self._store(dead, partitions)
        except BaseException:
            self.add(dead=dead, partitions=partitions)
            raise
