"""What one group has not handled yet, in the memory of one process.

The memory bus keeps all of a group's events here; a bus with partitions (`bus/partitions/`) those of the partitions
that its instance owns.

A queue consists of *lanes*. A lane holds the deliveries of one key, or one delivery without a key, and is in one of
three states:

- *ready*: in line to be taken;
- *out*: some of its deliveries are at an instance. It hands out no more until all of them have come back;
- *paused*: its first delivery waits for its retry, and the others behind it.

So the order per key holds, whichever instance takes the lane next.

A lane belongs to a *partition*. A partition can be held, so that no more of it goes out, and withdrawn, because another
process has it from now on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import chain
from typing import Final

from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Again, Delivery, Failure, Outcome, Released, Unreadable

# How many deliveries of one lane go out together: enough to save turns, few enough that one key does not fill a worker.
_LANE_BATCH: Final = 8


class Waiting:
    """Tasks that wait for their turn."""

    def __init__(self) -> None:
        self.futures: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait until woken; a task that is cancelled after it was woken wakes another one instead."""
        future = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self.wake(1)
            elif future in self.futures:  # not where `wake` came upon it first
                self.futures.remove(future)
            raise

    def wake(self, count: int) -> None:
        """Wake those that have waited longest."""
        while self.futures and count > 0:
            future = self.futures.popleft()
            if not future.done():
                future.set_result(None)
                count -= 1

    def wake_all(self) -> None:
        """Wake everybody."""
        self.wake(len(self.futures))


class State(Enum):
    """Where an event is that was not settled yet."""

    WAITING = auto()
    OUT = auto()
    RETRYING = auto()


class _Partition:
    """One partition, until it is withdrawn. Should it be filled anew, it is another one."""

    __slots__ = ("held", "lanes", "number", "size", "withdrawn")

    def __init__(self, number: int) -> None:
        self.number = number
        self.lanes: dict[str, _Lane] = {}
        self.size = 0
        self.held = False
        self.withdrawn = False


class _Lane:
    __slots__ = ("key", "out", "partition", "returned", "waiting")

    def __init__(self, key: str | None, partition: _Partition) -> None:
        self.key = key
        self.partition = partition
        self.out = 0
        self.returned: list[Item] | None = None  # few lanes need one
        self.waiting: deque[Item] = deque()


class Item(Delivery):
    """One event in the queue of one group: the very delivery that is handed out, once.

    What comes back is queued as a new item, so that an instance which lost its lease cannot settle what another has.

    Args:
        message: The event, or what came instead of one.
        order: Its place in the order of publication.
        lane: The lane that it belongs to.
        token: How the bus finds it again.
        attempt: How often it was handed out before.
        failures: The calls of the handler that failed before.
        at: When it was published, in seconds since 1970.
    """

    __slots__ = ("at", "due", "lane", "order", "out", "until")

    def __init__(
        self,
        message: Envelope | Unreadable,
        order: int,
        lane: _Lane,
        token: object = None,
        attempt: int = 0,
        failures: tuple[Failure, ...] = (),
        at: float = 0.0,
    ) -> None:
        self.token = token
        self.message = message
        self.attempt = attempt
        self.failures = failures
        self.at = at
        self.order = order
        self.lane = lane
        self.due = 0.0
        self.until = 0.0
        self.out = False

    @property
    def partition(self) -> int:
        """The partition that it belongs to."""
        return self.lane.partition.number


class GroupQueue:
    """The events that one group has not handled yet.

    Args:
        group: The group's name.
        lease: Seconds after which an unsettled delivery comes back.
        capacity: How many events it holds before publishers have to wait.
        expired: Is called when the lease of a delivery has ended.
    """

    def __init__(self, group: str, lease: float, capacity: int, expired: Callable[[], None] = lambda: None) -> None:
        self.group = group
        self.types: set[str] = set()
        self.subscriptions = 0
        self.receivers = Waiting()
        self.publishers = Waiting()
        self.room = capacity
        """How many more events publishers may put in; what handlers publish and what is replayed may exceed it."""
        self._capacity = capacity
        self._loop = asyncio.get_running_loop()
        self._lease = lease
        self._order = 0
        self._partitions: dict[int, _Partition] = {}
        self._ready: deque[_Lane] = deque()
        self._paused: set[_Lane] = set()
        self._out: set[Item] = set()
        self._expired = expired
        self._expiry: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._capacity - self.room

    def put(
        self,
        message: Envelope | Unreadable,
        *,
        token: object = None,
        partition: int = 0,
        attempt: int = 0,
        failures: tuple[Failure, ...] = (),
        at: float = 0.0,
    ) -> None:
        """Add an event at the end.

        Args:
            message: The event, or what came instead of one.
            token: How the bus finds it again.
            partition: Where it belongs; all events of a key belong to one.
            attempt: How often it was handed out before.
            failures: The calls of the handler that failed before.
            at: When it was published, in seconds since 1970.
        """
        place = self._partitions.get(partition) or self._partition(partition)
        key = message.key if isinstance(message, Envelope) else None
        lane = None if key is None else place.lanes.get(key)
        if lane is None:
            lane = _Lane(key, place)
            if key is not None:
                place.lanes[key] = lane
            self._make_ready(lane)
        self._order += 1
        self.room -= 1
        place.size += 1
        lane.waiting.append(Item(message, self._order, lane, token, attempt, failures, at))

    def take(self, limit: int) -> list[Item]:
        """Hand out up to `limit` deliveries; none where no lane is ready."""
        taken: list[Item] = []
        if not self._ready:
            return taken
        until = self._loop.time() + self._lease
        while self._ready and len(taken) < limit:
            lane = self._ready.popleft()
            if lane.partition.withdrawn or lane.partition.held:
                continue
            waiting = lane.waiting
            lane.out = min(len(waiting), limit - len(taken), _LANE_BATCH)
            for _ in range(lane.out):
                item = waiting.popleft()
                item.attempt += 1
                item.until = until
                item.out = True
                taken.append(item)
        self._out.update(taken)
        if taken and self._expiry is None:
            self._expiry = self._loop.call_at(until, self._expire, until)
        return taken

    def settle(self, outcome: Outcome) -> bool:
        """Settle one delivery; False where it is not out any more, because its lease has ended."""
        item = outcome.delivery
        if not isinstance(item, Item) or not item.out:
            return False
        if isinstance(outcome, Again):
            failures = (*item.failures, outcome.failure)
            self._come_back(item, item.attempt, failures, self._loop.time() + outcome.after)
        elif isinstance(outcome, Released):
            self._come_back(item, item.attempt - 1, item.failures, item.due)
        else:
            self.room += 1
            item.lane.partition.size -= 1
            self._leave(item)
        return True

    def extend(self, delivery: Delivery) -> None:
        """Renew the lease of a delivery, if it is still out."""
        if isinstance(delivery, Item):
            delivery.until = self._loop.time() + self._lease

    def hold(self, partition: int) -> None:
        """Hand out no more of a partition; what is out can be settled."""
        self._partition(partition).held = True

    def out(self, partition: int) -> int:
        """Return how many of a partition are out."""
        return sum(item.partition == partition for item in self._out)

    def size(self, partition: int) -> int:
        """Return how many of a partition are here, those that are out included."""
        return self._partition(partition).size

    def withdraw(self, partition: int) -> None:
        """Forget all of a partition: what is out cannot be settled any more. It may be filled anew."""
        gone = self._partitions.pop(partition, None)
        if gone is None:
            return
        gone.withdrawn = True
        self.room += gone.size
        for item in [item for item in self._out if item.lane.partition is gone]:
            item.out = False
            self._out.discard(item)
        self._ready = deque(lane for lane in self._ready if lane.partition is not gone)
        self._paused = {lane for lane in self._paused if lane.partition is not gone}

    def unsettled(self) -> Iterator[tuple[Item, State]]:
        """Yield all events that are not settled."""
        now = self._loop.time()
        # A lane with a key that is ready or paused is among those of its partition, too.
        keyed = chain.from_iterable(partition.lanes.values() for partition in self._partitions.values())
        lanes = {*self._ready, *self._paused, *keyed, *(item.lane for item in self._out)}
        for lane in lanes:
            for item in (*lane.waiting, *(lane.returned or ())):
                yield item, State.RETRYING if item.due > now else State.WAITING
        for item in self._out:
            yield item, State.OUT

    def wake_all(self) -> None:
        """Wake all who wait for events or for room: what they wait for may never come."""
        self.receivers.wake_all()
        self.publishers.wake_all()

    def _come_back(self, item: Item, attempt: int, failures: tuple[Failure, ...], due: float) -> None:
        again = Item(item.message, item.order, item.lane, item.token, attempt, failures, item.at)
        again.due = due
        lane = item.lane
        if lane.returned is None:
            lane.returned = []
        lane.returned.append(again)
        self._leave(item)

    def _leave(self, item: Item) -> None:
        item.out = False
        self._out.discard(item)
        lane = item.lane
        lane.out -= 1
        if not lane.out:
            self._reopen(lane)

    def _reopen(self, lane: _Lane) -> None:
        if lane.returned:
            # Whatever came back was published before all that waits.
            lane.returned.sort(key=lambda each: each.order, reverse=True)
            lane.waiting.extendleft(lane.returned)
            lane.returned = None
        if lane.waiting:
            pause = lane.waiting[0].due - self._loop.time()
            if pause > 0:
                self._paused.add(lane)
                self._loop.call_later(pause, self._resume, lane)
            else:
                self._make_ready(lane)
        elif lane.key is not None:
            del lane.partition.lanes[lane.key]

    def _resume(self, lane: _Lane) -> None:
        self._paused.discard(lane)
        self._make_ready(lane)

    def _partition(self, number: int) -> _Partition:
        return self._partitions.setdefault(number, _Partition(number))

    def _make_ready(self, lane: _Lane) -> None:
        if lane.partition.withdrawn:
            return
        self._ready.append(lane)
        if self.receivers.futures:
            self.receivers.wake(1)

    def _expire(self, due: float) -> None:
        """Take back what is out longer than its lease, and look again when the next lease ends."""
        now = self._loop.time()
        if now - due < self._lease / 3:
            late = [item for item in self._out if item.until <= now]
            for item in late:
                self._come_back(item, item.attempt, item.failures, item.due)
            if late:
                self._expired()
            due = min((item.until for item in self._out), default=0.0)
        else:
            # The event loop was blocked, and so were those who would have renewed their leases: let them go first.
            due = now + self._lease / 3
        self._expiry = self._loop.call_at(due, self._expire, due) if self._out else None
