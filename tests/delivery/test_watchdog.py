"""Keeping the leases of what is held. Timeouts of handlers are tested where handlers are called."""

from __future__ import annotations

import asyncio

import pytest

from eventkit import BusError, Service
from eventkit.delivery.subscription import Done
from tests.delivery.faults import FaultySubscription
from tests.delivery.running import OrderCreated, order, running, until


@pytest.fixture
def go() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def service(go: asyncio.Event) -> Service:
    """A service whose handler waits until it may go."""
    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        await go.wait()

    return service


async def test_running_and_waiting_deliveries_keep_their_leases(service: Service, go: asyncio.Event) -> None:
    events = [order(f"order-{number}") for number in range(4)]
    async with running(service, publish=events, concurrency=2, lease=0.3) as (worker, faulty, _):
        await until(lambda: len(faulty.extended) >= 4)
        go.set()
        await until(lambda: worker.counters.handled == 4)
    assert {len(extended) for extended in faulty.extended} == {4}
    assert [each.delivery.attempt for each in faulty.outcomes(Done)] == [1, 1, 1, 1]


async def test_what_was_handled_keeps_its_lease_until_it_is_settled(service: Service, go: asyncio.Event) -> None:
    go.set()

    async with running(
        service, publish=[order("a")], lease=0.3, faults=lambda faulty: faulty.gates["settle"].clear()
    ) as (worker, faulty, _):
        await until(lambda: worker.counters.handled == 1)
        await until(lambda: len(faulty.extended) >= 4)
        faulty.gates["settle"].set()
        await until(lambda: worker.in_flight == 0)
    assert worker.counters.handled == 1


async def test_what_could_not_be_renewed_is_no_problem_when_it_is_settled(service: Service, go: asyncio.Event) -> None:
    def fail(faulty: FaultySubscription) -> None:
        faulty.errors["extend"] = [BusError("no connection")] * 1000

    async with running(service, publish=[order("a")], lease=0.3, faults=fail) as (worker, _, _):
        await until(lambda: not worker.ready)
        go.set()
        await until(lambda: worker.in_flight == 0)
        await until(lambda: worker.ready)


async def test_while_nothing_is_held_nothing_is_renewed(service: Service, go: asyncio.Event) -> None:
    go.set()
    async with running(service, publish=[order("a")], lease=0.06) as (worker, faulty, _):
        await until(lambda: worker.in_flight == 0 and worker.counters.handled)
        before = faulty.tries.count("extend")
        await asyncio.sleep(0.2)
        assert faulty.tries.count("extend") <= before + 1  # it had looked at what is held before


async def test_leases_that_cannot_be_renewed_are_reported_and_tried_again(
    service: Service, go: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(
        service,
        publish=[order("a")],
        lease=0.3,
        faults=lambda faulty: faulty.errors["extend"].append(BusError("the disk is full")),
    ) as (worker, faulty, _):
        await until(lambda: worker.problem)
        await until(lambda: len(faulty.extended) >= 1)
        assert worker.problem is None
        go.set()
    assert "cannot renew leases, and tries until it can: the disk is full" in caplog.text


async def test_a_bus_that_does_not_answer_keeps_no_handler_from_its_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service("payment_service")

    @service.handler(timeout=0.2)
    async def handle_order_created(event: OrderCreated) -> None:
        await asyncio.sleep(1000)

    async with running(
        service, publish=[order("a")], lease=0.15, grace=0, faults=lambda faulty: faulty.gates["extend"].clear()
    ) as (worker, _, _):
        await until(lambda: worker.counters.failed)
    assert "cannot renew leases, and tries until it can: the bus does not answer" in caplog.text
