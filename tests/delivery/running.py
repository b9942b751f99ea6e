"""A service that runs on a memory bus through a subscription that can be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from eventkit import Envelope, Event, Service
from eventkit.bus.memory import MemoryBus
from eventkit.delivery.worker import Worker, WorkerOptions
from tests.delivery.faults import FaultySubscription


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    number: int = 0


def order(order_id: str, number: int = 0) -> Envelope:
    return Envelope.of(OrderCreated(order_id=order_id, number=number), source="order_service")


@asynccontextmanager
async def running(
    service: Service,
    *dependencies: object,
    publish: list[Envelope] | None = None,
    lease: float = 30.0,
    concurrency: int = 64,
    grace: float = 10.0,
    faults: Callable[[FaultySubscription], None] = lambda faulty: None,
) -> AsyncIterator[tuple[Worker, FaultySubscription, MemoryBus]]:
    """Publish events, then run the service on them; `faults` arms the subscription before the worker sees it."""
    async with MemoryBus(lease=lease) as bus:
        worker = Worker(service, dependencies, WorkerOptions(concurrency=concurrency, grace=grace))
        faulty = FaultySubscription(await bus.subscribe(service.name, worker.types))
        faults(faulty)
        for envelope in publish or []:
            await bus.publish(envelope)
        async with worker.running(faulty):
            yield worker, faulty, bus


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds; fail where it never does."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - any condition, not only one that tells when it changes
            await asyncio.sleep(0.001)
