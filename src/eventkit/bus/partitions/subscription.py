"""One instance's share of a group whose events are shared out by partitions, whatever the broker.

Life of an instance. It *joins* its group: from then on the backend gives it partitions (`filled` when there is
something in one) and takes them away, in order (`hand_over`) or not (`lose`). When the broker fails, the backend says
so (`fail`); the next `receive` raises that, and the one after it joins again. When the lease of a delivery ends at its
own instance, the instance's worker is gone or stuck: the instance *leaves*, so that others get its partitions, and
joins again when its worker asks for events after all. `close` gives all partitions up as soon as what is out of them is
settled.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from eventkit.bus.group_queue import GroupQueue, Item
from eventkit.bus.last_call import LastCall
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Delivery, Outcome, Released

UNLIMITED: Final = 2**60


class PartitionedSubscription(ABC):
    """One instance's share of a group.

    Args:
        group: The group.
        lease: Seconds for which a delivery is this instance's own.
    """

    def __init__(self, group: str, lease: float) -> None:
        self.group = group
        self.lease = lease
        self.owned: set[int] = set()
        """The partitions that this instance has now."""
        self.closed = False
        self.queue = GroupQueue(group, lease, UNLIMITED, self._expired)
        self._joined = False
        self._joining = asyncio.Lock()
        self._leaving: asyncio.Task[None] | None = None
        self._finishing: asyncio.Task[None] | None = None
        self._error: BusError | None = None
        self._last_call = LastCall()
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what a backend does

    @abstractmethod
    async def _join(self) -> None:
        """Become a member of the group that gets partitions; raises BusError."""

    @abstractmethod
    async def _resign(self) -> None:
        """Ask for no more partitions, and keep those that are owned until they are released. Must not raise."""

    @abstractmethod
    async def _leave(self) -> None:
        """Stop being a member, and free all that the broker still counts as this instance's. Must not raise."""

    @abstractmethod
    async def _release(self, partition: int) -> None:
        """Write down how far a partition got, and free it for others; raises BusError.

        Mostly nothing of it is out any more. What is still out comes back elsewhere, as after a crash.
        """

    @abstractmethod
    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle what is out, as `Subscription.settle`; those that are not out any more are skipped."""

    @abstractmethod
    async def _handed_out(self, items: Sequence[Item]) -> None:
        """Write down that these are out, where the broker does not do that by itself; raises BusError."""

    # -- what a backend calls

    def fail(self, error: BusError) -> None:
        """The broker cannot be read: all partitions are lost; `receive` raises the error, then joins again."""
        self._error = error
        self._joined = False
        for partition in list(self.owned):
            self.lose(partition)
        self.queue.wake_all()

    def lose(self, partition: int) -> None:
        """Somebody else has a partition, or will: forget it, what is out included."""
        self.owned.discard(partition)
        self.queue.withdraw(partition)
        self._settled.set()

    async def hand_over(self, partition: int) -> None:
        """Give up a partition in order: hand out no more, and wait until what is out is settled, or its lease ends."""
        self.queue.hold(partition)
        # However long it takes: a slow handler whose lease is renewed must not have its event handled elsewhere, too.
        while self.queue.out(partition):
            self._settled.clear()
            await self._settled.wait()
        if partition in self.owned:
            try:
                await self._release(partition)
            finally:
                self.lose(partition)

    # -- Subscription

    async def join(self) -> None:
        """Become a member of the group, if it is not one; raises BusError."""
        async with self._joining:
            if self._leaving is not None:
                await asyncio.wait({self._leaving})
                self._leaving = None
            if not self._joined and not self.closed:
                await self._join()
                self._joined = True

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until there is a delivery, and return up to `limit` of them; none in the first call that works again."""
        with self._last_call:
            return await self._receive(limit)

    async def _receive(self, limit: int) -> Sequence[Delivery]:
        while not self.closed:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if not self._joined:
                await self.join()
            taken = self.queue.take(limit)
            if taken:
                await self._record(taken)
            if taken or self._last_call.failed:
                return taken
            await self.queue.receivers.wait()
        # Whoever is woken and does not take hands the turn on.
        self.queue.receivers.wake(1)
        return ()

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle deliveries."""
        await self._settle(outcomes)
        self._settled.set()

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Renew leases."""
        for delivery in deliveries:
            self.queue.extend(delivery)

    async def close(self) -> None:
        """Stop receiving, and give partitions up as soon as nothing of them is out.

        It goes on to its end where the caller is cancelled, as a worker does when its grace period ends: an instance
        that stopped half way would keep partitions that nobody else gets, for as long as its bus is open.
        """
        if not self.closed:
            self.closed = True
            self.queue.wake_all()
            self._finishing = asyncio.create_task(self._finish())
        if self._finishing is not None:
            await asyncio.shield(self._finishing)

    async def abort(self) -> None:
        """The bus closes: give all partitions up now. What is out comes back."""
        self.closed = True
        self.queue.wake_all()
        tasks = [*self._tasks] if self._finishing is None else [*self._tasks, self._finishing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        async def give_up(partition: int) -> None:
            with suppress(BusError):
                await self._release(partition)
            self.lose(partition)

        await asyncio.gather(*map(give_up, list(self.owned)))
        await self._leave()

    # -- itself

    async def _finish(self) -> None:
        await self._resign()
        idle = []
        for partition in list(self.owned):
            self.queue.hold(partition)
            if self.queue.out(partition):
                self._spawn(partition)
            else:
                idle.append(partition)
        await asyncio.gather(*map(self.hand_over, idle), return_exceptions=True)
        if not self._tasks:
            await self._leave()

    async def _record(self, taken: Sequence[Item]) -> None:
        try:
            await self._handed_out(taken)
        except BaseException:
            # Nobody has seen them.
            for item in taken:
                self.queue.settle(Released(item))
            raise

    def _expired(self) -> None:
        self._settled.set()
        if not self.closed and self._joined:
            self._joined = False
            for partition in list(self.owned):
                self.lose(partition)
            self._leaving = self._task(self._leave())
            self.queue.wake_all()

    def _spawn(self, partition: int) -> None:
        async def last() -> None:
            with suppress(BusError):
                await self.hand_over(partition)
            if self._tasks == {asyncio.current_task()}:
                await self._leave()

        self._task(last())

    def _task(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
