"""A subscription to logs: the broker keeps events in order, and how far a group got is a `Cursor` that the group saves.

What is saved when: the outcome of a delivery before `settle` returns. That a delivery is out, so that one which ends
its process is found out, before it goes out where there is reason for suspicion: it was out before, or the owner before
ended without order and nothing has been settled since. In all other cases it is saved meanwhile, and costs no time; and
where much is handed out, it goes with what is settled, so that hand-outs alone are saved every `_PAUSE` at the most.

Changes that come while something is being saved are saved together afterwards.
"""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Final

from eventkit.bus.group_queue import Item
from eventkit.bus.partitions.cursor import Cursor
from eventkit.bus.partitions.subscription import PartitionedSubscription
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome, Released, Unreadable

Place = tuple[Cursor, int]
"""What the token of a delivery is: its cursor, and where in the log it stands."""
_PAUSE: Final = 0.05  # seconds


class LogSubscription(PartitionedSubscription):
    """One instance's share of a group that reads logs.

    Args:
        group: The group.
        lease: Seconds for which a delivery is this instance's own.
    """

    def __init__(self, group: str, lease: float) -> None:
        super().__init__(group, lease)
        self._cursors: dict[int, list[Cursor]] = {}
        self._careful: set[int] = set()
        self._changed: set[Cursor] = set()
        self._saving = asyncio.Lock()
        self._next_save: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._saved_last = -math.inf

    # -- what a backend does

    @abstractmethod
    async def _save(self, cursors: Collection[Cursor]) -> None:
        """Store cursors, each with `to_json`, which holds their pasts; raises BusError where some were not stored.

        A partition that turns out to be somebody else's is lost (`lose`), and no error.
        """

    @abstractmethod
    async def _bury(self, dead: Dead) -> bool:
        """Store a dead letter; raises BusError. One that was stored and not settled may be stored again.

        Returns:
            Whether it is stored. Where not, it stays out, and the backend settles it later.
        """

    @abstractmethod
    async def _free(self, partition: int) -> None:
        """Let others have a partition whose cursors are saved; raises BusError."""

    # -- what a backend calls

    def own(self, partition: int, cursors: Sequence[Cursor]) -> None:
        """Begin with a partition.

        Args:
            partition: The partition.
            cursors: How far the group got in each log of it. Each covers what the group handles (`Cursor.cover`); their
                pasts are read beside them.
        """
        self.owned.add(partition)
        self._cursors[partition] = list(cursors)
        if not all(cursor.clean for cursor in cursors):
            self._careful.add(partition)
        for cursor in cursors:
            cursor.clean = False

    def feed(self, cursor: Cursor, place: int, message: Envelope | Unreadable) -> None:
        """Add what was read at a place to the queue, unless it is finished."""
        known = cursor.add(place)
        if known is not None:
            attempts, failures = known
            self.queue.put(
                message, token=(cursor, place), partition=cursor.partition, attempt=attempts, failures=failures
            )

    async def save(self, cursors: Collection[Cursor]) -> None:
        """Store the progress of cursors, together with what else has changed; raises BusError."""
        self._changed.update(cursors)
        await asyncio.shield(self._next())

    def lose(self, partition: int) -> None:
        """Somebody else has a partition, or will: forget it, what is out included."""
        super().lose(partition)
        self._careful.discard(partition)
        self._changed.difference_update(self._cursors.pop(partition, ()))

    # -- PartitionedSubscription

    async def _handed_out(self, items: Sequence[Item]) -> None:
        suspected = False
        touched = set()
        for item in items:
            cursor, place = _place(item)
            cursor.hand_out(place, item.attempt)
            touched.add(cursor.main)
            suspected = suspected or item.attempt > 1
        self._changed |= touched
        if suspected or any(cursor.partition in self._careful for cursor in touched):
            await self._handed_out_for_certain(items)
        elif self._later is None:
            loop = asyncio.get_running_loop()
            due = self._saved_last + _PAUSE
            if due <= loop.time():
                self._next()
            else:
                self._later = loop.call_at(due, self._save_later)

    def _save_later(self) -> None:
        self._later = None
        if self._changed:
            self._next()

    async def _handed_out_for_certain(self, items: Sequence[Item]) -> None:
        try:
            await asyncio.shield(self._next())
        except BaseException:
            for item in items:
                cursor, place = _place(item)
                if item.out:
                    cursor.hand_out(place, item.attempt - 1)
            raise

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        buried: list[Dead] = [each for each in outcomes if isinstance(each, Dead) and _is_out(each.delivery)]
        # Before anything is settled: where storing one fails, all are asked for again.
        stored = await asyncio.gather(*map(self._bury, buried))
        left = {id(dead.delivery) for dead, is_stored in zip(buried, stored, strict=True) if not is_stored}
        settle, touched = self.queue.settle, set()
        for outcome in outcomes:
            item = outcome.delivery
            if (left and id(item) in left) or not settle(outcome):
                continue
            cursor, place = _place(item)
            touched.add(cursor)
            match outcome:
                case Done() | Dead():
                    cursor.finish(place)
                case Again():
                    cursor.fail(place, outcome.failure)
                case Released():
                    cursor.hand_out(place, item.attempt - 1)
        for cursor in touched:
            self._changed.add(cursor.main)
            self._careful.discard(cursor.partition)
        if self._changed:
            await asyncio.shield(self._next())

    async def _release(self, partition: int) -> None:
        cursors = self._cursors.get(partition, [])
        for cursor in cursors:
            cursor.clean = not self.queue.out(partition)
        await self.save(cursors)
        if partition in self.owned:
            await self._free(partition)

    # -- itself

    def _next(self) -> asyncio.Task[None]:
        """Return the save that will hold all that has changed up to now."""
        if self._next_save is None:
            self._next_save = asyncio.create_task(self._save_changed())
            self._next_save.add_done_callback(_see)
        return self._next_save

    async def _save_changed(self) -> None:
        async with self._saving:
            self._next_save = None
            self._saved_last = asyncio.get_running_loop().time()
            changed, self._changed = self._changed, set()
            try:
                await self._save(changed)
            except BaseException:
                self._changed |= {cursor for cursor in changed if cursor.partition in self.owned}
                raise


def _place(delivery: Delivery) -> Place:
    return delivery.token  # type: ignore[return-value]  # `cast` is a call for each event


def _is_out(delivery: Delivery) -> bool:
    return isinstance(delivery, Item) and delivery.out


def _see(save: asyncio.Task[None]) -> None:
    """Take note of how a save ended, also where nobody waits for it: what was not stored goes with the next one."""
    if not save.cancelled() and not isinstance(save.exception(), BusError | None):
        asyncio.get_running_loop().call_exception_handler({"message": "saving failed", "task": save})
