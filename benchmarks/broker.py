"""What the benchmarks of the brokers have in common: the event, eventkit's side, and the tables.

A *contestant* is one way to use a broker: eventkit, the raw client, a peer. Each consumes what was published before,
publishes one by one and 64 at once with the broker's confirmation, and sends single events from the publisher's call to
the handler. Model and payload are the same for all: eight fields, 321 bytes of JSON, validated by the consumer,
acknowledged after the handler. The processor time is that of the contestant's process, without the broker's.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Table, alternate
from benchmarks.memory_bus import ORDERS, OrderCreated
from eventkit import Service, connect
from tests.servers.server import Server

CONSUMED = int(os.environ.get("EVENTKIT_BENCH_EVENTS", "20000"))
ONE_BY_ONE = 2_000
AT_ONCE = 64
TRIPS = 1_000
WARM_UP = 50  # trips before those that count: partitions, connections and caches have seen an event then
QUIET = 1.0  # seconds without an event after which there are none
ROUNDS = int(os.environ.get("EVENTKIT_BENCH_ROUNDS", "5"))


class Handled:
    """Counts events and knows when the first, the latest and the last one came.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._left = count
        self.first = 0.0
        self.latest = 0.0
        self.last = 0.0
        self.processor = 0.0  # time of all processors between the first and the last one
        self.all = asyncio.Event()
        self.one = asyncio.Event()

    async def see(self, event: OrderCreated) -> None:
        """Take note of one: what a handler does here."""
        self.count()

    def count(self) -> None:
        """Take note of one."""
        self.latest = time.perf_counter()
        if not self.first:
            self.first = self.latest
            self.processor = -time.process_time()
        self._left -= 1
        self.one.set()
        if self._left == 0:
            self.last = self.latest
            self.processor += time.process_time()
            self.all.set()


Publish = Callable[[OrderCreated], AbstractAsyncContextManager[None]]


class Contestant(ABC):
    """One way to use a broker.

    Args:
        url: The server's.
        run: A name that no other run has used, for streams, queues and topics.
    """

    def __init__(self, url: str, run: str) -> None:
        self.url = url
        self.run = run

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[None]:
        """Connect, and make what events are kept in."""

    @abstractmethod
    async def publish(self, order: OrderCreated) -> None:
        """Publish one event; return when the broker has confirmed it."""

    @abstractmethod
    def consuming(self, handled: Handled) -> AbstractAsyncContextManager[None]:
        """Consume while the block runs, and count what is handled."""


class Eventkit(Contestant):
    """eventkit, as a service uses it."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open a bus of its own, as the others have queues of their own: groups of other runs get nothing there."""
        self._service = Service(f"bench_{self.run}")

        @self._service.publisher
        async def publish_order_created(order: OrderCreated) -> OrderCreated:
            return order

        self._publish = publish_order_created
        async with connect(self.url, prefix=f"bench{self.run}-") as self._bus:
            with self._service.publishing(self._bus):
                yield

    async def publish(self, order: OrderCreated) -> None:
        """Publish by a publisher of a service."""
        await self._publish(order)

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        """Run a service with one handler."""
        service = Service(f"bench_{self.run}")

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            handled.count()

        async with service.run(self._bus):
            yield


@asynccontextmanager
async def handling(broker: Any, subscriber: Any, handled: Handled) -> AsyncIterator[None]:
    """Consume by FastStream while the block runs.

    Args:
        broker: One of its brokers.
        subscriber: What its `subscriber` returned: makes a handler of a function.
        handled: Counts.
    """

    @subscriber
    async def handle(event: OrderCreated) -> None:
        handled.count()

    async with broker:
        await broker.start()
        yield


def compare(
    title: str,
    server: Callable[[Path], Server],
    contestants: Mapping[str, type[Contestant]],
    *,
    for_trips: Callable[[Path], Server] | None = None,
) -> list[Table]:
    """Let contestants do the same on one server, and return the tables.

    Args:
        title: The broker.
        server: Makes the server in a folder.
        contestants: Their names and classes; the first is eventkit, the second the raw client's obvious way.
        for_trips: Makes the server on which single events go from the publisher to the handler, where it is another.
    """
    runs = 0

    def fresh(kind: type[Contestant]) -> Contestant:
        nonlocal runs
        runs += 1
        return kind(running.url, f"{os.getpid()}_{runs}")

    latencies: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}

    def consume(name: str) -> float:
        handled = asyncio.run(_consume(fresh(contestants[name])))
        processor[name].append(handled.processor / CONSUMED)
        return (handled.last - handled.first) / CONSUMED

    def travel() -> None:
        for _ in range(ROUNDS):
            for name, kind in contestants.items():
                latencies[name] += asyncio.run(_trips(fresh(kind)))

    if for_trips is not None:
        with tempfile.TemporaryDirectory() as folder, for_trips(Path(folder)) as running:
            travel()
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as running:
        if for_trips is None:
            travel()
        consumed = alternate({name: partial(consume, name) for name in contestants}, ROUNDS)
        one = alternate(
            {name: lambda kind=kind: asyncio.run(_publish(fresh(kind), 1)) for name, kind in contestants.items()},
            ROUNDS,
        )
        many = alternate(
            {name: lambda kind=kind: asyncio.run(_publish(fresh(kind), AT_ONCE)) for name, kind in contestants.items()},
            ROUNDS,
        )
    raw = list(contestants)[1]
    beside = _percentiles(latencies[raw])
    rows = [
        [
            name,
            f"{1 / consumed[name]:,.0f}",
            f"{consumed[raw] / consumed[name]:.2f}",
            f"{statistics.median(processor[name]) * 1e6:.1f}",
            f"{1 / one[name]:,.0f}",
            f"{one[raw] / one[name]:.2f}",
            f"{1 / many[name]:,.0f}",
            f"{many[raw] / many[name]:.2f}",
            " / ".join(f"{time * 1e6:,.0f}" for time in _percentiles(latencies[name])),
            " / ".join(f"{mine / its:.2f}" for mine, its in zip(_percentiles(latencies[name]), beside, strict=True)),
        ]
        for name in contestants
    ]
    columns = [
        "",
        "consumed/s",
        "beside raw",
        "processor, µs each",
        "published/s, one by one",
        "beside raw",
        f"{AT_ONCE} at once",
        "beside raw",
        "publish to handler, µs: p50 / p99",
        "beside raw",
    ]
    return [Table(title, columns, rows)]


async def _consume(contestant: Contestant) -> Handled:
    async with contestant.opened():
        for start in range(0, CONSUMED, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, CONSUMED))
            await asyncio.gather(*(contestant.publish(ORDERS[number % 1000]) for number in numbers))
        handled = Handled(CONSUMED)
        async with contestant.consuming(handled), asyncio.timeout(120):
            await handled.all.wait()
    return handled


async def _publish(contestant: Contestant, at_once: int) -> float:
    count = ONE_BY_ONE if at_once == 1 else ONE_BY_ONE * 4

    async def some(first: int) -> None:
        for number in range(first, count, at_once):
            await contestant.publish(ORDERS[number % 1000])

    async with contestant.opened():
        await contestant.publish(ORDERS[0])  # who makes by itself what events are kept in, makes it now
        begun = time.perf_counter()
        await asyncio.gather(*map(some, range(at_once)))
        return (time.perf_counter() - begun) / count


async def _trips(contestant: Contestant) -> list[float]:
    handled, times = Handled(TRIPS), []
    async with contestant.opened(), contestant.consuming(handled):
        await contestant.publish(ORDERS[0])
        await handled.one.wait()  # it has joined
        with suppress(TimeoutError):
            while True:  # until all that was there before is handled
                handled.one.clear()
                async with asyncio.timeout(QUIET):
                    await handled.one.wait()
        for number in range(WARM_UP + TRIPS):
            handled.one.clear()
            begun = time.perf_counter()
            await contestant.publish(ORDERS[number % 1000])
            await handled.one.wait()
            times.append(handled.latest - begun)
    return times[WARM_UP:]


def _percentiles(times: list[float]) -> tuple[float, float]:
    found = statistics.quantiles(times, n=100)
    return found[49], found[98]
