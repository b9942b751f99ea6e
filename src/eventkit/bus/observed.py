"""A bus that tells OpenTelemetry of what it does; `connect(URL, telemetry=True)`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import SplitResult, urlsplit

from eventkit.bus.protocol import Bus, Lag
from eventkit.bus.wrapped import Wrapped
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.contract.service import Service
from eventkit.delivery.telemetry import Attributes, Gauge, ObservedHandlers, Telemetry
from eventkit.delivery.worker import Worker

LAG_EVERY: Final = 15.0
"""Seconds between two looks at the lag."""
# As the semantic conventions name brokers, where that is not the scheme of the URL.
_SYSTEMS: Final = {"amqp": "rabbitmq", "amqps": "rabbitmq", "rediss": "redis", "tls": "nats"}


class ObservedBus(Wrapped):
    """Another bus, observed.

    Args:
        bus: The bus, not open.
    """

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        parts = urlsplit(bus.url)
        self._telemetry = Telemetry(_SYSTEMS.get(parts.scheme, parts.scheme), _place(parts))

    async def publish(self, envelope: Envelope) -> None:
        """Store one event, with the trace in which that happens."""
        await self._telemetry.publish(self._bus, envelope)

    @asynccontextmanager
    async def serve(self, service: Service, dependencies: tuple[object, ...]) -> AsyncIterator[Worker]:
        """Hand the service its events while the block runs, and tell of it."""
        group = self.group_of(service.name)
        handlers = partial(ObservedHandlers, telemetry=self._telemetry, group=group)
        worker = Worker(service, dependencies, self.options, handlers)
        numbers = _Numbers(self._bus, worker, service.name, group)
        async with worker.running(await self._share_of(service, worker)), numbers.kept():
            with self._telemetry.gauges(numbers.observe):
                yield worker


def _place(parts: SplitResult) -> Attributes:
    """Return where the broker is; nothing where it is many servers, of which no event tells which one had it."""
    if "," in parts.netloc or not parts.hostname:
        return {}
    return {"server.address": parts.hostname, **({"server.port": parts.port} if parts.port else {})}


class _Numbers:
    """The numbers of one service that runs.

    Args:
        bus: Its bus.
        worker: Its worker.
        service: Its name.
        group: What the broker calls its group.
    """

    def __init__(self, bus: Bus, worker: Worker, service: str, group: str) -> None:
        self._bus = bus
        self._worker = worker
        self._service = service
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
                self._lag = tuple(each for each in await self._bus.lag() if each.group == self._service)
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
