"""Many services and processes on one NATS server: how many events they handle together, and what they cost at rest.

Each service is a group that gets every event; the processes of a service share its events. All have joined and have
their partitions before anything is published, and their handlers wait until all of it is there: what is measured is
handling, and neither starting nor publishing.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import nats
from nats.js.errors import KeyNotFoundError

from benchmarks.broker import AT_ONCE
from benchmarks.measure import Table
from benchmarks.memory_bus import ORDERS, OrderCreated
from eventkit import Envelope, Service, connect
from eventkit.bus.protocol import Bus
from tests.servers.nats import Nats

SHAPES: Final = ((1, 1), (1, 2), (1, 4), (10, 1), (10, 10))
"""How many services, and how many processes each."""
HANDLED: Final = int(os.environ.get("EVENTKIT_BENCH_EVENTS", "40000"))
"""How many events all services handle together, at the least."""
AHEAD: Final = 3 * 2048
"""How many events each process gets at the least: it reads as much as a third of it ahead, while it waits."""
PARTITIONS: Final = 20  # can be shared among 1, 2, 4 and 10 without a rest
REST: Final = 10.0  # seconds for which idle processes are watched
JOIN_WITHIN: Final = 300.0
HANDLE_WITHIN: Final = 300.0
CORES: Final = os.cpu_count() or 1

Numbers = Any  # an array of doubles that processes share; its class has no name


class Seen:
    """What a process shows of itself in the memory that all share.

    Args:
        numbers: The memory.
        place: Which process.
    """

    SIZE: Final = 3

    def __init__(self, numbers: Numbers, place: int) -> None:
        self._numbers = numbers
        self._first = 1 + place * self.SIZE  # before all: whether handlers may begin

    @property
    def joined(self) -> float:
        """Whether it runs."""
        return float(self._numbers[self._first])

    @property
    def handled(self) -> int:
        """How many events it has handled."""
        return int(self._numbers[self._first + 1])

    @property
    def last(self) -> float:
        """When it has handled the last one."""
        return float(self._numbers[self._first + 2])

    def join(self) -> None:
        """Show that it runs."""
        self._numbers[self._first] = 1.0

    def handle(self) -> None:
        """Count one event."""
        self._numbers[self._first + 1] += 1
        self._numbers[self._first + 2] = time.monotonic()


class Measured(NamedTuple):
    """What one shape did.

    Args:
        shape: Services, and processes of each.
        handled: How many events all services handled together.
        joined: Seconds from the first process's start until all partitions were shared out.
        seconds: How long handling took.
        broker: Processor seconds of the server meanwhile.
        handlers: Those of all processes that handle.
        idle: Processor seconds that nobody used meanwhile.
        rest_broker: Processor seconds of the server in a second in which nothing happens.
        rest_handlers: Those of all processes that handle.
    """

    shape: tuple[int, int]
    handled: int
    joined: float
    seconds: float
    broker: float
    handlers: float
    idle: float
    rest_broker: float
    rest_handlers: float


def handle(url: str, group: str, numbers: Numbers, place: int) -> None:
    """Be one process of a service, until it is asked to end."""
    service, seen, may_begin = Service(group), Seen(numbers, place), asyncio.Event()

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        if not may_begin.is_set():
            await may_begin.wait()
        seen.handle()

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, may_begin.set)
        async with connect(url) as bus, service.run(bus) as worker:
            seen.join()
            await worker.until_stopped()

    asyncio.run(run())


def measure(services: int, processes: int) -> Measured:
    """Let so many services with so many processes each handle what was published before."""
    count = services * processes
    published = max(HANDLED, AHEAD * count) // services
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    numbers = context.RawArray("d", 1 + count * Seen.SIZE)
    seen = [Seen(numbers, place) for place in range(count)]
    with tempfile.TemporaryDirectory() as folder, Nats(Path(folder)) as server, ExitStack() as running:
        url, begun = f"{server.url}?partitions={PARTITIONS}", time.monotonic()
        groups = [f"scale_{number}" for number in range(services)]
        started = [
            context.Process(target=handle, args=(url, groups[place % services], numbers, place), daemon=True)
            for place in range(count)
        ]
        for process in started:
            process.start()
            running.callback(process.join)
            running.callback(process.terminate)
        _until(lambda: all(each.joined for each in seen), JOIN_WITHIN, "all processes have joined")
        asyncio.run(_until_shared_out(server.url, groups, processes))
        joined = time.monotonic() - begun
        asyncio.run(_publish(url, published))
        pids = [process.pid for process in started if process.pid is not None]
        broker, handlers, idle = _processor([server.pid]), _processor(pids), _idle()
        begun = time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGUSR1)
        _until(
            lambda: sum(each.handled for each in seen) >= services * published, HANDLE_WITHIN, "all events are handled"
        )
        idle, broker, handlers = _idle() - idle, _processor([server.pid]) - broker, _processor(pids) - handlers
        seconds = max(each.last for each in seen) - begun
        time.sleep(1.0)  # what follows the last event
        rest = -_processor([server.pid]), -_processor(pids)
        time.sleep(REST)
        rest = (rest[0] + _processor([server.pid])) / REST, (rest[1] + _processor(pids)) / REST
        handled = sum(each.handled for each in seen)
    if handled != services * published:
        raise AssertionError(f"{handled} events were handled of {services * published}")
    return Measured((services, processes), handled, joined, seconds, broker, handlers, idle, *rest)


def run() -> list[Table]:
    found = [measure(*shape) for shape in SHAPES]
    first = found[0]
    handling = [
        [
            _name(each),
            f"{each.handled / each.seconds:,.0f}",
            f"{first.seconds / first.handled * each.handled / each.seconds:.2f}",
            f"{each.handlers / each.handled * 1e6:.1f}",
            f"{each.broker / each.handled * 1e6:.1f}",
            f"{_share(each.handlers, each):.0%}",
            f"{_share(each.broker, each):.0%}",
            f"{_share(each.idle, each):.0%}",
            f"{each.joined:.1f}",
        ]
        for each in found
    ]
    resting = [
        [
            _name(each),
            f"{each.rest_handlers * 1e3:,.1f}",
            f"{each.rest_handlers * 1e3 / (each.shape[0] * each.shape[1]):,.2f}",
            f"{each.rest_broker * 1e3:,.1f}",
        ]
        for each in found
    ]
    return [
        Table(
            "Services and processes on one NATS",
            [
                "services x processes",
                "handled/s, all together",
                "beside 1 x 1",
                "handlers, µs each",
                "broker, µs each",
                "of all cores: handlers",
                "broker",
                "nobody",
                "shared out after, s",
            ],
            handling,
            f"{HANDLED:,} events handled by all services together, or {AHEAD:,} by each process where that is more;"
            f" {PARTITIONS} partitions. What is missing to 100 % of the cores was used by others.",
        ),
        Table(
            "The same at rest",
            [
                "services x processes",
                "all processes, ms of a processor each second",
                "one process",
                "broker",
            ],
            resting,
            f"Over {REST:g} s in which nothing is published.",
        ),
    ]


def _name(measured: Measured) -> str:
    return f"{measured.shape[0]} x {measured.shape[1]}"


def _share(processor: float, measured: Measured) -> float:
    return processor / (measured.seconds * CORES)


async def _until_shared_out(url: str, groups: Sequence[str], processes: int) -> None:
    """Wait until the partitions of each group are shared out evenly among all of its processes."""
    async with await nats.connect(url) as client, asyncio.timeout(JOIN_WITHIN):
        documents = await client.jetstream().key_value("eventkit")

        async def owner(group: str, partition: int) -> str:
            with suppress(KeyNotFoundError):
                entry = await documents.get(f"partitions.{group}.{partition}")
                return str(json.loads(entry.value or b"{}")["owner"])
            return ""

        for group in groups:
            while True:
                owners = Counter([await owner(group, partition) for partition in range(PARTITIONS)])
                if "" not in owners and len(owners) == processes and max(owners.values()) == PARTITIONS // processes:
                    break
                await asyncio.sleep(0.1)


async def _publish(url: str, count: int) -> None:
    async def some(bus: Bus, first: int) -> None:
        for number in range(first, count, AT_ONCE):
            await bus.publish(Envelope.of(ORDERS[number % len(ORDERS)], source="bench"))

    async with connect(url) as bus:
        await asyncio.gather(*(some(bus, first) for first in range(AT_ONCE)))


def _until(done: Callable[[], bool], within: float, what: str) -> None:
    end = time.monotonic() + within
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within:g} s: {what}")
        time.sleep(0.002)


def _processor(pids: Sequence[int]) -> float:
    """Return how long processes have used a processor, in seconds: Linux has a clock for each."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def _idle() -> float:
    """Return how long processors had nothing to do, in seconds."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(words[4]) + int(words[5])) / os.sysconf("SC_CLK_TCK")
