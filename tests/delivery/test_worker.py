"""What a worker is to those who run one."""

from __future__ import annotations

import asyncio
import signal

import pytest

from eventkit import BusError, ConfigurationError, Service
from eventkit.bus.memory import MemoryBus
from eventkit.delivery.worker import Worker, WorkerOptions
from tests.delivery.faults import FaultySubscription
from tests.delivery.running import OrderCreated, order, running, until


@pytest.fixture
def service() -> Service:
    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        pass

    return service


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"grace": -1.0}, {"grace": float("nan")}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="out of range"):
        WorkerOptions(**options)


async def test_it_runs_once_at_a_time(service: Service) -> None:
    async with MemoryBus() as bus:
        worker = Worker(service, (), WorkerOptions())
        async with worker.running(await bus.subscribe("payment_service", worker.types)):
            with pytest.raises(ConfigurationError, match="runs already"):
                await worker.running(await bus.subscribe("payment_service", worker.types)).__aenter__()


def test_it_can_run_again_in_another_event_loop_and_counts_on(service: Service) -> None:
    worker = Worker(service, (), WorkerOptions())

    async def handle_one() -> None:
        async with MemoryBus() as bus, worker.running(await bus.subscribe("payment_service", worker.types)):
            handled = worker.counters.handled
            await bus.publish(order("order-1"))
            await until(lambda: worker.counters.handled == handled + 1)

    asyncio.run(handle_one())
    asyncio.run(handle_one())

    assert worker.counters.handled == 2
    assert (worker.in_flight, worker.problem) == (0, None)


async def test_it_is_ready_while_it_gets_events_and_its_bus_can_be_used(service: Service) -> None:
    async with MemoryBus() as bus:
        worker = Worker(service, (), WorkerOptions())
        before = worker.ready
        subscription = FaultySubscription(await bus.subscribe("payment_service", worker.types))
        async with worker.running(subscription):
            await until(lambda: worker.ready)
            subscription.errors["settle"] = [BusError("the disk is full")] * 3
            await bus.publish(order("order-1"))
            await until(lambda: not worker.ready)
            await until(lambda: worker.ready)

    assert not before
    assert not worker.ready


async def test_it_is_ready_again_as_soon_as_its_bus_can_be_read_also_without_events(service: Service) -> None:
    async with MemoryBus() as bus:
        worker = Worker(service, (), WorkerOptions())
        subscription = FaultySubscription(await bus.subscribe("payment_service", worker.types))
        subscription.errors["receive"] = [BusError("the disk is full")] * 3
        async with worker.running(subscription):
            await until(lambda: not worker.ready)
            await until(lambda: worker.ready)


async def test_it_is_not_ready_any_more_when_it_was_asked_to_stop(service: Service) -> None:
    async with MemoryBus() as bus:
        worker = Worker(service, (), WorkerOptions())
        async with worker.running(await bus.subscribe("payment_service", worker.types)):
            assert worker.ready
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
            await worker.until_stopped()
            assert not worker.ready


async def test_waiting_for_a_signal_needs_a_running_worker(service: Service) -> None:
    with pytest.raises(ConfigurationError, match="does not run"):
        await Worker(service, (), WorkerOptions()).until_stopped()


async def test_a_service_without_handlers_runs_and_ends() -> None:
    async with running(Service("gateway")) as (worker, _, _):
        assert worker.types == ()


async def test_no_task_is_left_behind(service: Service) -> None:
    before = asyncio.all_tasks()
    async with running(service, publish=[order("order-1")]) as (worker, _, _):
        await until(lambda: worker.counters.handled)
    assert asyncio.all_tasks() == before


async def test_a_service_that_lacks_a_dependency_makes_no_group() -> None:
    class Ledger:
        pass

    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated, ledger: Ledger) -> None:
        pass

    async with MemoryBus(capacity=1) as bus:
        with pytest.raises(ConfigurationError, match="Ledger"):
            await service.run(bus).__aenter__()
        for number in range(3):  # the second would be refused if a group without instances gathered them
            await bus.publish(order("order-1", number))
