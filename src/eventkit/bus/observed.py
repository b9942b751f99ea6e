"""A bus that tells OpenTelemetry of what it does; `connect(URL, telemetry=True)`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from eventkit.bus.protocol import Bus, DeadLetters, Lag
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Subscription, Unreadable
from eventkit.delivery.telemetry import Attributes, Gauge, ObservedHandlers, Telemetry
from eventkit.delivery.worker import Worker

LAG_EVERY: Final = 15.0
"""Seconds between two looks at the lag."""
# As the semantic conventions name brokers, where that is not the scheme of the URL.
_SYSTEMS: Final = {"amqp": "rabbitmq", "amqps": "rabbitmq", "rediss": "redis", "tls": "nats"}


class ObservedBus(Bus):
    """Another bus, observed.

    Args:
        bus: The bus, not open.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        # Those of a class everywhere else.
        self.capabilities = bus.capabilities  # type: ignore[misc]
        self.url = bus.url
        self.options = bus.options
        parts = urlsplit(bus.url)
        server: Attributes = {"server.address": parts.hostname} if parts.hostname else {}
        if parts.port:
            server["server.port"] = parts.port
        self._telemetry = Telemetry(_SYSTEMS.get(parts.scheme, parts.scheme), server)

    async def open(self) -> None:
        """Connect."""
        await self._bus.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._bus.close()

    async def publish(self, envelope: Envelope) -> None:
        """Store one event, with the trace in which that happens."""
        await self._telemetry.publish(self._bus, envelope)

    async def subscribe(self, group: str, types: Collection[str]) -> Subscription:
        """Return this instance's share of a group's events. Handling is told of where `serve` does it."""
        return await self._bus.subscribe(group, types)

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all groups."""
        return self._bus.dead_letters

    async def ping(self) -> None:
        """Have the broker answer."""
        await self._bus.ping()

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet."""
        return await self._bus.lag()

    def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published."""
        return self._bus.follow(types, since=since)

    @asynccontextmanager
    async def serve(self, service: Service, dependencies: tuple[object, ...]) -> AsyncIterator[Worker]:
        """Hand the service its events while the block runs, and tell of it."""
        handlers = partial(ObservedHandlers, telemetry=self._telemetry)
        worker = Worker(service, dependencies, self.options, handlers)
        numbers = _Numbers(self._bus, worker, service.name)
        async with worker.running(await self.subscribe(service.name, worker.types)), numbers.kept():
            with self._telemetry.gauges(numbers.observe):
                yield worker


class _Numbers:
    """The numbers of one service that runs.

    Args:
        bus: Its bus.
        worker: Its worker.
        group: Its name.
    """

    def __init__(self, bus: Bus, worker: Worker, group: str) -> None:
        self._bus = bus
        self._worker = worker
        self._group = group
        self._lag: tuple[Lag, ...] = ()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep them up to date while the block runs."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait({looking})

    async def _look(self) -> None:
        while True:
            try:
                self._lag = tuple(each for each in await self._bus.lag() if each.group == self._group)
            except BusError:
                self._lag = ()  # better nothing than what was true before
            await asyncio.sleep(LAG_EVERY)

    def observe(self) -> Iterator[tuple[Gauge, float, Attributes]]:
        """Yield them as they are now; the lag is that of the last look."""
        group: Attributes = {"messaging.consumer.group.name": self._group}
        yield Gauge.IN_FLIGHT, self._worker.in_flight, group
        now = datetime.now(UTC)
        for each in self._lag:
            domain: Attributes = {**group, "eventkit.domain": each.domain}
            yield Gauge.AGE, 0.0 if each.oldest is None else max(0.0, (now - each.oldest).total_seconds()), domain
            states = {"waiting": each.waiting, "out": each.out, "retrying": each.retrying, "dead": each.dead}
            for state, count in states.items():
                if count is not None:
                    yield Gauge.LAG, count, {**domain, "eventkit.state": state}
