"""Who receives runs handlers itself while nobody else does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from eventkit import Retry, Service
from eventkit.bus.memory import MemoryBus
from eventkit.contract.context import Handling, current_handling
from eventkit.delivery import dispatch
from eventkit.delivery.subscription import Dead, Delivery, Done
from eventkit.delivery.worker import Worker, WorkerOptions
from tests.delivery.faults import FaultySubscription
from tests.delivery.running import OrderCreated, order, running, until

MANY = [order(f"order-{number}", number) for number in range(300)]


@pytest.fixture
def service() -> Service:
    """A service whose handler does nothing."""
    service = Service("payment_service")

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        pass

    return service


async def number_of_this_task() -> int:
    task = asyncio.current_task()
    assert task is not None
    return int(task.get_name().removeprefix("Task-"))


async def test_an_event_that_comes_alone_is_settled_in_the_next_turn_and_needs_no_task(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        dispatch, "_SLICE", 60
    )  # on a machine that is busy with other things, a handler is no quick one
    async with running(service) as (worker, faulty, bus):
        await until(lambda: faulty.limits)
        before = await asyncio.create_task(number_of_this_task())
        for number, envelope in enumerate(MANY, 1):
            await bus.publish(envelope)
            await asyncio.sleep(0)
            assert (worker.counters.handled, worker.in_flight) == (number, 0)
        assert await asyncio.create_task(number_of_this_task()) == before + 1


@pytest.mark.parametrize("operation", ["handle", "settle"])
async def test_another_one_receives_while_it_waits(operation: str) -> None:
    service, go = Service("payment_service"), asyncio.Event()

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        if operation == "handle":
            await go.wait()

    async with running(service) as (worker, faulty, bus):
        await until(lambda: faulty.limits)
        if operation == "settle":
            faulty.gates["settle"].clear()
        for number in range(1, 6):
            await bus.publish(MANY[number])
            await until(lambda: worker.in_flight == number)  # noqa: B023 - asked in this round only
        assert worker.counters.handled == (5 if operation == "settle" else 0)
        go.set()
        faulty.gates["settle"].set()
        await until(lambda: worker.in_flight == 0)
        assert worker.counters.handled == 5


async def test_it_lets_others_go_first_though_there_is_always_one_more_event() -> None:
    service, turns = Service("payment_service"), 0

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        time.sleep(0.0005)  # noqa: ASYNC251 - computes, as far as the event loop can tell
        if event.number < 100:
            await bus.publish(order("order-1", event.number + 1))

    async with running(service, publish=[order("order-1", 1)]) as (worker, _, bus):
        while worker.counters.handled < 100:
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 50


@pytest.mark.parametrize("how", ["cancels itself", "cancels itself and returns", "awaits what was cancelled", "closes"])
async def test_no_handler_ends_it(how: str) -> None:
    service, ran_in = Service("payment_service"), set()

    @service.handler(retry=Retry(attempts=1))
    async def handle_order_created(event: OrderCreated) -> None:
        task, future = asyncio.current_task(), asyncio.get_running_loop().create_future()
        assert task is not None
        ran_in.add(task.get_coro().__qualname__)
        match how:
            case "closes":
                raise GeneratorExit
            case "awaits what was cancelled":
                future.cancel()
                await future
            case _:
                task.cancel()
        if how == "cancels itself":
            await future

    async with running(service) as (worker, faulty, bus):
        await until(lambda: faulty.limits)
        for count, envelope in enumerate(MANY[:3], 1):
            await bus.publish(envelope)
            await until(lambda: len(faulty.outcomes()) == count)  # noqa: B023 - asked in this round only
        assert worker.ready
    assert ran_in == {"Dispatch._receive"}
    assert {type(each) for each in faulty.outcomes()} == {Done if how.endswith("returns") else Dead}


async def test_what_it_waits_for_knows_no_event(service: Service) -> None:
    seen: list[Handling | None] = []

    class Asking(FaultySubscription):
        async def receive(self, limit: int) -> Sequence[Delivery]:
            seen.append(current_handling())
            return await super().receive(limit)

    async with MemoryBus() as bus:
        worker = Worker(service, (), WorkerOptions())
        async with worker.running(Asking(await bus.subscribe(service.name, worker.types))):
            await until(lambda: seen)
            for count, envelope in enumerate(MANY[:3], 1):
                await bus.publish(envelope)
                await until(lambda: worker.counters.handled == count)  # noqa: B023 - asked in this round only
    assert seen == [None] * 4
