"""`memory://`: the promises of every bus within one process and one event loop, without durability.

For tests, and for programs of one process that can afford to lose what is under way when they end. Envelopes travel as
objects; nothing is encoded. Each `connect("memory://")` is a bus of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from time import time
from typing import ClassVar, Final

from eventkit.bus.group_queue import GroupQueue, State
from eventkit.bus.naming import NO_NAMES, GivenNames, Streams
from eventkit.bus.protocol import Bus, Capabilities, DeadLetter, Lag
from eventkit.bus.settings import require
from eventkit.contract.codec import to_headers
from eventkit.contract.context import current_handling
from eventkit.contract.envelope import Envelope, new_id
from eventkit.contract.errors import BusError, PublishError
from eventkit.delivery.subscription import Dead, Delivery, Outcome
from eventkit.delivery.worker import WorkerOptions

_DEFAULT_OPTIONS: Final = WorkerOptions()


class MemoryBus(Bus):
    """A bus within one process.

    Args:
        url: `memory://`.
        options: How its workers run.
        history: How many events are kept for groups that subscribe later; the oldest are forgotten first.
        capacity: How many events may wait in one group. Publishing then waits for room. Handlers are exempt, because
            they would wait for themselves.
        lease: Seconds after which an unsettled delivery of an instance that is gone comes back.
        streams: What the streams of domains or types are called; here that is only shown, by `lag`.

    Raises:
        ConfigurationError: A value out of its range.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=False, processes=False, partitioned=False, history=True)

    def __init__(
        self,
        url: str = "memory://",
        options: WorkerOptions = _DEFAULT_OPTIONS,
        *,
        history: int = 10_000,
        capacity: int = 10_000,
        lease: float = 30.0,
        streams: GivenNames = NO_NAMES,
    ) -> None:
        rules = (
            (f"{history=}", history >= 0, "0 or more events"),
            (f"{capacity=}", capacity >= 1, "1 or more events"),
            (f"{lease=}", lease > 0, "more than 0 seconds"),
        )
        require(url, rules)
        self.url = url
        self.options = options
        self._capacity = capacity
        self._lease = lease
        self._streams = Streams(streams, url)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[str, GroupQueue] = {}
        self._by_type: dict[str, list[GroupQueue]] = {}
        self._history: deque[Envelope] = deque(maxlen=history)
        self._history_times: deque[float] = deque(maxlen=history)
        self._followers: set[asyncio.Queue[Envelope | None]] = set()
        self._dead_letters = MemoryDeadLetters()

    async def open(self) -> None:
        """Make the bus usable in the running event loop. It begins empty: what it held before is gone."""
        self._loop = asyncio.get_running_loop()
        self._queues = {}
        self._by_type = {}
        self._history.clear()
        self._history_times.clear()
        self._followers = set()
        self._dead_letters = MemoryDeadLetters()

    async def close(self) -> None:
        """Make it unusable: who waits for events or for room is woken."""
        self._loop = None
        for queue in self._queues.values():
            queue.wake_all()
        for follower in self._followers:
            follower.put_nowait(None)

    async def publish(self, envelope: Envelope) -> None:
        """Put an event into the queue of each group that handles its type.

        Raises:
            PublishError: The event is too large or has no type, the bus is not open in this event loop, or a group's
                queue is full and nobody takes from it.
        """
        if self._loop is not asyncio.get_running_loop():
            raise self._not_open(PublishError)
        self.require_publishable(envelope)
        queues = self._by_type.get(envelope.type, ())
        for queue in queues:
            if queue.room <= 0:
                await self._wait_for_room(envelope)
                break
        at = time()
        self._history.append(envelope)
        self._history_times.append(at)
        for queue in queues:
            queue.put(envelope, at=at)
        for follower in self._followers:
            follower.put_nowait(envelope)

    async def subscribe(self, group: str, types: Collection[str]) -> MemorySubscription:
        """Register the group for event types; the history of types that are new to it comes first.

        Raises:
            BusError: The bus is not open in this event loop.
        """
        await self.ping()
        queue = self._queues.get(group)
        if queue is None:
            queue = self._queues[group] = GroupQueue(group, self._lease, self._capacity)
        new = set(types) - queue.types
        queue.types |= new
        for name in new:
            self._by_type.setdefault(name, []).append(queue)
        for at, envelope in zip(self._history_times, self._history, strict=True):
            if envelope.type in new:
                queue.put(envelope, at=at)
        return MemorySubscription(self, queue, self._lease)

    @property
    def dead_letters(self) -> MemoryDeadLetters:
        """The dead letters of all groups. They are kept until they are replayed or dropped."""
        return self._dead_letters

    async def ping(self) -> None:
        """Return if the bus is open in this event loop; raises BusError if not."""
        if self._loop is not asyncio.get_running_loop():
            raise self._not_open(BusError)

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by group and domain."""
        await self.ping()
        return sorted(self._lags(), key=attrgetter("group", "domain"))

    def _lags(self) -> Iterator[Lag]:
        dead = Counter((letter.group, self._streams.of(letter.type)) for letter in self._dead_letters)
        for queue in self._queues.values():
            states: dict[str, Counter[State]] = {self._streams.of(name): Counter() for name in queue.types}
            oldest: dict[str, float] = {}
            for item, state in queue.unsettled():
                assert isinstance(item.message, Envelope)  # noqa: S101 - for the type checker
                domain = self._streams.of(item.message.type)
                states[domain][state] += 1
                oldest[domain] = min(item.at, oldest.get(domain, item.at))
            for domain, count in states.items():
                at = oldest.get(domain)
                yield Lag(
                    queue.group,
                    domain,
                    waiting=count[State.WAITING],
                    out=count[State.OUT],
                    retrying=count[State.RETRYING],
                    dead=dead[queue.group, domain],
                    oldest=None if at is None else datetime.fromtimestamp(at, UTC),
                )

    async def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope, None]:
        """Yield events as they are published. One that is not taken in time waits, however many there are."""
        await self.ping()
        events: asyncio.Queue[Envelope | None] = asyncio.Queue()
        for at, envelope in zip(self._history_times, self._history, strict=True):
            if since is not None and at >= since.timestamp():
                events.put_nowait(envelope)
        followers = self._followers
        followers.add(events)
        try:
            while (event := await events.get()) is not None:
                if types is None or event.type in types:
                    yield event
        finally:
            followers.remove(events)

    @property
    def is_open(self) -> bool:
        """Whether the bus can be used."""
        return self._loop is not None

    def _not_open(self, error: type[PublishError] | type[BusError]) -> PublishError | BusError:
        return error(
            "the bus was opened in another event loop" if self._loop else "the bus is not open",
            where=self.url,
            mend="use it inside `async with connect(...)`, in the event loop of that block",
        )

    async def _wait_for_room(self, envelope: Envelope) -> None:
        if current_handling() is not None:
            return
        while full := next((each for each in self._by_type[envelope.type] if each.room <= 0), None):
            if not full.subscriptions:
                raise PublishError(
                    f"{len(full):,} events wait for {full.group}, and no instance of it runs",
                    where=self.url,
                    mend="start it, or connect with a larger `capacity`",
                )
            await full.publishers.wait()
            if not self.is_open:
                raise self._not_open(PublishError)


class MemorySubscription:
    """One instance's share of a group's queue.

    Args:
        bus: The bus.
        queue: The group's queue.
        lease: Seconds for which a delivery is this instance's own.
    """

    def __init__(self, bus: MemoryBus, queue: GroupQueue, lease: float) -> None:
        self.lease = lease
        self._bus = bus
        self._queue = queue
        self._closed = False
        queue.subscriptions += 1

    @property
    def closed(self) -> bool:
        """Whether it receives no more."""
        return self._closed or not self._bus.is_open

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until there is a delivery, and return up to `limit` of them."""
        while not self.closed:
            if taken := self._queue.take(limit):
                return taken
            await self._queue.receivers.wait()
        # Whoever is woken and does not take hands the turn on.
        self._queue.receivers.wake(1)
        return ()

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle deliveries."""
        for outcome in outcomes:
            if self._queue.settle(outcome) and isinstance(outcome, Dead):
                self._bus.dead_letters.add(outcome, self._queue)
        # All of them: one that finds another group full would keep the turn of those who wait for this one only.
        self._queue.publishers.wake_all()

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Renew leases."""
        for delivery in deliveries:
            self._queue.extend(delivery)

    async def close(self) -> None:
        """Stop receiving."""
        if not self._closed:
            self._closed = True
            self._queue.subscriptions -= 1
            self._queue.wake_all()


class MemoryDeadLetters:
    """The dead letters of a memory bus."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[DeadLetter, Envelope, GroupQueue]] = {}

    def add(self, outcome: Dead, queue: GroupQueue) -> None:
        """Keep a delivery that was given up."""
        envelope = outcome.delivery.message
        assert isinstance(envelope, Envelope)  # noqa: S101 - for the type checker: nothing else was put in
        letter = DeadLetter(
            id=new_id(),
            group=queue.group,
            type=envelope.type,
            reason=outcome.reason,
            failures=(*outcome.delivery.failures, outcome.failure),
            headers=to_headers(envelope),
            body=envelope.data,
            at=datetime.now(UTC),
        )
        self._kept[letter.id] = (letter, envelope, queue)

    def __iter__(self) -> Iterator[DeadLetter]:
        """Yield all of them, the oldest first."""
        return (letter for letter, _, _ in self._kept.values())

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        return tuple(islice((letter for letter in self if group in (None, letter.group)), limit))

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        kept = self._kept.get(id)
        return kept[0] if kept else None

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again."""
        found = [self._kept.pop(id) for id in dict.fromkeys(ids) if id in self._kept]
        for _, envelope, queue in found:
            queue.put(envelope, at=time())
        return len(found)

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good."""
        return len([self._kept.pop(id) for id in dict.fromkeys(ids) if id in self._kept])
