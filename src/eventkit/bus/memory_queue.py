"""One group's queue in the memory bus.

It consists of *lanes*. A lane holds the deliveries of one key, or one delivery without a key, and is in one of three
states:

- *ready*: in line to be taken;
- *out*: some of its deliveries are at an instance. It hands out no more until all of them have come back;
- *paused*: its first delivery waits for its retry, and the others behind it.

So the order per key holds, whichever instance takes the lane next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Again, Delivery, Failure, Outcome, Released

# How many deliveries of one lane go out together: enough to save turns, few enough that one key does not fill a worker.
_LANE_BATCH: Final = 8


class State(Enum):
    """Where an event is that was not settled yet."""

    WAITING = auto()
    OUT = auto()
    RETRYING = auto()


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
            if future.cancelled():
                self.futures.remove(future)
            else:
                self.wake(1)
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


class _Lane:
    __slots__ = ("key", "out", "returned", "waiting")

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.out = 0
        self.returned: list[Item] = []
        self.waiting: deque[Item] = deque()


class Item(Delivery):
    """One event in the queue of one group: the very delivery that is handed out, once.

    What comes back is queued as a new item, so that an instance which lost its lease cannot settle what another has.

    Args:
        envelope: The event.
        at: When it was published, in seconds since 1970.
        order: Its place in the order of publication.
        lane: The lane that it belongs to.
    """

    __slots__ = ("at", "due", "lane", "order", "out", "until")

    def __init__(self, envelope: Envelope, at: float, order: int, lane: _Lane) -> None:
        self.token = None
        self.message: Envelope = envelope
        self.attempt = 0
        self.failures = ()
        self.at = at
        self.order = order
        self.lane = lane
        self.due = 0.0
        self.until = 0.0
        self.out = False


class GroupQueue:
    """The events that one group has not handled yet.

    Args:
        group: The group's name.
        lease: Seconds after which an unsettled delivery comes back.
        capacity: How many events it holds before publishers have to wait.
    """

    def __init__(self, group: str, lease: float, capacity: int) -> None:
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
        self._ready: deque[_Lane] = deque()
        self._lanes: dict[str, _Lane] = {}
        self._paused: set[_Lane] = set()
        self._out: set[Item] = set()
        self._expiry: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._capacity - self.room

    def put(self, envelope: Envelope, at: float) -> None:
        """Add an event at the end; it was published at `at`, in seconds since 1970."""
        key = envelope.key
        lane = None if key is None else self._lanes.get(key)
        if lane is None:
            lane = _Lane(key)
            if key is not None:
                self._lanes[key] = lane
            self._make_ready(lane)
        self._order += 1
        self.room -= 1
        lane.waiting.append(Item(envelope, at, self._order, lane))

    def take(self, limit: int) -> list[Item]:
        """Hand out up to `limit` deliveries; none where no lane is ready."""
        taken: list[Item] = []
        until = self._loop.time() + self._lease
        while self._ready and len(taken) < limit:
            lane = self._ready.popleft()
            lane.out = min(len(lane.waiting), limit - len(taken), _LANE_BATCH)
            for _ in range(lane.out):
                item = lane.waiting.popleft()
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
            self._leave(item)
        return True

    def extend(self, delivery: Delivery) -> None:
        """Renew the lease of a delivery, if it is still out."""
        if isinstance(delivery, Item):
            delivery.until = self._loop.time() + self._lease

    def unsettled(self) -> Iterator[tuple[Item, State]]:
        """Yield all events that are not settled."""
        now = self._loop.time()
        # A lane with a key that is ready or paused is among `_lanes`, too.
        lanes = {*self._ready, *self._paused, *self._lanes.values(), *(item.lane for item in self._out)}
        for lane in lanes:
            for item in (*lane.waiting, *lane.returned):
                yield item, State.RETRYING if item.due > now else State.WAITING
        for item in self._out:
            yield item, State.OUT

    def wake_all(self) -> None:
        """Wake all who wait for events or for room: what they wait for may never come."""
        self.receivers.wake_all()
        self.publishers.wake_all()

    def _come_back(self, item: Item, attempt: int, failures: tuple[Failure, ...], due: float) -> None:
        again = Item(item.message, item.at, item.order, item.lane)
        again.attempt, again.failures, again.due = attempt, failures, due
        item.lane.returned.append(again)
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
            lane.returned.clear()
        if lane.waiting:
            pause = lane.waiting[0].due - self._loop.time()
            if pause > 0:
                self._paused.add(lane)
                self._loop.call_later(pause, self._resume, lane)
            else:
                self._make_ready(lane)
        elif lane.key is not None:
            del self._lanes[lane.key]

    def _resume(self, lane: _Lane) -> None:
        self._paused.discard(lane)
        self._make_ready(lane)

    def _make_ready(self, lane: _Lane) -> None:
        self._ready.append(lane)
        if self.receivers.futures:
            self.receivers.wake(1)

    def _expire(self, due: float) -> None:
        """Take back what is out longer than its lease, and look again when the next lease ends."""
        now = self._loop.time()
        if now - due < self._lease / 3:
            for item in [item for item in self._out if item.until <= now]:
                self._come_back(item, item.attempt, item.failures, item.due)
            due = min((item.until for item in self._out), default=0.0)
        else:
            # The event loop was blocked, and so were those who would have renewed their leases: let them go first.
            due = now + self._lease / 3
        self._expiry = self._loop.call_at(due, self._expire, due) if self._out else None
