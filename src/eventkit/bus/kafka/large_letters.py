"""Dead letters that are larger than their topic takes, and so may neither be stored nor be lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from eventkit.bus.group_queue import GroupQueue, Item
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Dead

_TRIES: Final = 3
"""In each lease; as often, the lease of what waits is renewed."""

logger = logging.getLogger("eventkit.bus.kafka")


class LargeLetters:
    """What waits until somebody raises the limit of the topic: it stays out, and is tried again one at a time.

    Args:
        topic: The group's topic of dead letters.
        queue: Where their events are out.
        lease: Seconds.
        settle: Tries again to store some.
    """

    def __init__(
        self, topic: str, queue: GroupQueue, lease: float, settle: Callable[[Sequence[Dead]], Awaitable[None]]
    ) -> None:
        self._topic = topic
        self._queue = queue
        self._pause = lease / _TRIES
        self._settle = settle
        self._waiting: dict[Item, Dead] = {}
        self._trying: asyncio.Task[None] | None = None

    def add(self, item: Item, dead: Dead) -> None:
        """Keep a letter that was refused, also when it was tried again."""
        if not self._waiting:
            message = item.message
            what = f"{message.event_type} {message.id}" if isinstance(message, Envelope) else "a message"
            logger.error(
                "%s: the topic %s takes no dead letter of the size of %s, which waits until it does, tried again every "
                "%.0f s; raise its max.message.bytes above that of the topics that the service reads",
                self._queue.group, self._topic, what, self._pause,
            )  # fmt: skip
        self._waiting.pop(item, None)
        self._waiting[item] = dead
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._keep_trying())

    def remove(self, partitions: Collection[int]) -> Sequence[Item]:
        """Forget those of some partitions, which somebody else will get; return them."""
        found = [item for item in self._waiting if item.partition in partitions]
        for item in found:
            del self._waiting[item]
        return found

    def close(self) -> None:
        """Try no more."""
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None
        self._waiting.clear()

    async def _keep_trying(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._pause)
            for item in self._waiting:
                self._queue.extend(item)
            while self._waiting:
                item, dead = next(iter(self._waiting.items()))
                lost = not item.out  # somebody else has its partition
                with suppress(BusError):  # no broker answers just now
                    await self._settle([dead])
                if item.out:
                    break
                self._waiting.pop(item, None)
                if not self._waiting and not lost:
                    logger.warning("%s: the topic %s has taken what waited", self._queue.group, self._topic)
