"""Processes that are killed, with SIGKILL, at each point of the way of an event through a worker."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from eventkit.contract.event import Event
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Delivery, Outcome
from eventkit.delivery.worker import Worker
from eventkit.testing.conformance.support import PATIENCE, SHORT, BusFactory, handle, publish, subscribed

POINTS: Final = ("before", "during", "after")
"""Before the handler is called; in it; after it returned and before its event is acknowledged."""


class OrderCreated(Event, type="order.created", key="name"):
    """What the process that is killed handles."""

    name: str


def handle_and_be_killed(factory: BusFactory, point: str, notes: Path) -> None:
    """Run a service that kills its process at a point of its first event; in a process of its own."""
    service = Service("payment_service")

    def note(what: str) -> None:
        with notes.open("a") as file:
            file.write(f"{what}\n")

    def die_at(here: str) -> None:
        note(here)
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        die_at("during")

    async def run() -> None:
        async with factory(lease=SHORT) as bus:
            worker = Worker(service, (), bus.options)
            subscription = await bus.subscribe(service.name, worker.types)
            receive, settle = subscription.receive, subscription.settle

            async def receive_and_die(limit: int) -> list[Delivery]:
                deliveries = list(await receive(limit))
                if deliveries:
                    die_at("before")
                return deliveries

            async def die_and_settle(outcomes: list[Outcome]) -> None:
                die_at("after")
                await settle(outcomes)

            subscription.receive = receive_and_die  # type: ignore[method-assign]
            subscription.settle = die_and_settle  # type: ignore[method-assign,assignment]
            async with worker.running(subscription):
                await asyncio.sleep(PATIENCE)

    asyncio.run(run())


@pytest.mark.asyncio
class CrashConformance:
    """What was not acknowledged comes back, and what was does not."""

    @pytest.fixture
    def in_processes(self, bus_factory: BusFactory) -> BusFactory:
        """The factory, where what it makes can be made in another process, too."""
        if not bus_factory().capabilities.processes:
            pytest.skip("this bus is for one process")
        try:
            pickle.dumps(bus_factory)
        except (pickle.PicklingError, AttributeError, TypeError):
            pytest.skip("NOT TRIED: `bus_factory` cannot be pickled, for use in another process")
        return bus_factory

    @pytest.mark.parametrize("point", POINTS)
    async def test_the_event_of_a_killed_process_comes_back(
        self, in_processes: BusFactory, tmp_path: Path, point: str
    ) -> None:
        notes = tmp_path / "notes"
        async with in_processes(lease=SHORT) as bus:
            await publish(bus, ["a", "b"], key="order-1")
            await killed(handle_and_be_killed, in_processes, point, notes)

            async with subscribed(bus) as subscription:
                assert await handle(subscription, 2) == ["a", "b"]

        # It got as far as it was meant to, and no further.
        assert list(dict.fromkeys(notes.read_text().split())) == list(POINTS[: POINTS.index(point) + 1])


async def killed(target: Callable[..., None], *arguments: object) -> None:
    """Run something in a process of its own, and wait until that was killed."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        await asyncio.to_thread(process.join, PATIENCE)
        assert process.exitcode == -signal.SIGKILL
    finally:
        with suppress(ValueError):
            process.kill()
            process.join()
            process.close()
