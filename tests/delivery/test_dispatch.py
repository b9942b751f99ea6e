"""How deliveries flow through a worker: bounded, coalesced, in order, without a task for each."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import Any

import pytest

from eventkit import BusError, Retry, Service
from eventkit.delivery import dispatch
from eventkit.delivery.subscription import Again, Done, Released
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


class TestBounds:
    async def test_no_more_is_taken_than_there_is_room_for_until_it_is_settled(self, service: Service) -> None:
        def block(faulty: FaultySubscription) -> None:
            faulty.gates["settle"].clear()

        async with running(service, publish=MANY, concurrency=10, faults=block) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 20)
            await asyncio.sleep(0.01)
            assert (worker.counters.handled, worker.in_flight) == (20, 20)

            faulty.gates["settle"].set()
            await until(lambda: worker.counters.handled == 300)
            await until(lambda: worker.in_flight == 0)
        assert max(faulty.limits) == 20

    async def test_a_slow_handler_holds_back_nothing_but_its_key(self) -> None:
        service, slow, handled = Service("payment_service"), asyncio.Event(), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            if event.order_id == "slow":
                await slow.wait()
            handled.append(event.order_id)

        events = [order("slow", 1), order("slow", 2), *MANY]
        async with running(service, publish=events, concurrency=3):
            await until(lambda: len(handled) == 300)
            assert "slow" not in handled
            slow.set()
            await until(lambda: handled[300:] == ["slow", "slow"])

    async def test_what_cancels_itself_makes_room(self) -> None:
        service, seen = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(event.number)
            if event.number < 2:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await asyncio.sleep(1000)

        async with running(service, publish=MANY[:3], concurrency=1):
            await until(lambda: len(seen) == 3)

    async def test_handlers_that_never_wait_let_others_go_first_now_and_then(self) -> None:
        service, turns = Service("payment_service"), 0

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            time.sleep(0.002)  # noqa: ASYNC251 - computes, as far as the event loop can tell

        async with running(service, publish=MANY[:100]) as (worker, _, _):
            while worker.counters.handled < 100:
                await asyncio.sleep(0)
                turns += 1
        assert turns >= 10


class TestCost:
    async def test_the_bus_settles_and_hands_out_while_handlers_compute(self) -> None:
        service = Service("payment_service")

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            time.sleep(0.0005)  # noqa: ASYNC251 - computes, as far as the event loop can tell

        async with running(service, publish=MANY[:100], concurrency=10) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 100)
            await until(lambda: worker.in_flight == 0)
        # About a quarter of what there is room for: neither all at once nor one by one.
        assert {len(batch) for batch in faulty.settled[:-1]} <= {5, 6, 7}
        assert set(faulty.limits[1:10]) <= {5, 6, 7}

    async def test_one_outcome_is_settled_while_other_handlers_wait(self) -> None:
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            if event.number:
                await go.wait()

        async with running(service, publish=MANY[:50]) as (worker, faulty, _):
            await until(lambda: worker.in_flight == 49)
            assert [len(batch) for batch in faulty.settled] == [1]
            go.set()
            await until(lambda: worker.in_flight == 0)

    async def test_outcomes_gather_while_others_are_settled(self, service: Service) -> None:
        def block(faulty: FaultySubscription) -> None:
            faulty.gates["settle"].clear()

        async with running(service, publish=MANY[:50], faults=block) as (worker, faulty, bus):
            await until(lambda: worker.counters.handled == 50)
            for envelope in MANY[50:100]:
                await bus.publish(envelope)
            await until(lambda: worker.counters.handled == 100)
            faulty.gates["settle"].set()
            await until(lambda: worker.in_flight == 0)
        assert [len(batch) for batch in faulty.settled] == [50, 50]

    async def test_there_is_no_task_for_each_event(self, service: Service) -> None:
        async def number_of_this_task() -> int:
            task = asyncio.current_task()
            assert task is not None
            return int(task.get_name().removeprefix("Task-"))

        before = await asyncio.create_task(number_of_this_task())
        async with running(service, publish=MANY) as (worker, _, _):
            await until(lambda: worker.counters.handled == 300)
        assert await asyncio.create_task(number_of_this_task()) - before < 50

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
    async def test_an_eager_task_factory_changes_nothing(self) -> None:
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await go.wait()

        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with running(service, publish=MANY, concurrency=1000) as (worker, _, bus):
            await until(lambda: worker.in_flight == 300)
            go.set()
            await until(lambda: worker.counters.handled == 300)
            await bus.publish(MANY[0])
            await until(lambda: worker.counters.handled == 301)

    async def test_nothing_is_logged_while_all_is_well(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        async with running(service, publish=MANY) as (worker, _, _):
            await until(lambda: worker.counters.handled == 300)
        assert caplog.records == []


class TestFailures:
    async def test_those_behind_a_failed_event_go_back_to_the_bus(self) -> None:
        service, seen = Service("payment_service"), []

        @service.handler(retry=Retry(delay=0.05, jitter=0))
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(event.number)
            if seen == [1]:
                raise ValueError("not yet")

        async with running(service, publish=[order("order-1", n) for n in (1, 2, 3)]) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 3)
        assert seen == [1, 1, 2, 3]
        assert [type(each) for each in faulty.settled[0]] == [Again, Released, Released]

    async def test_the_counters_tell_what_happened(self) -> None:
        service = Service("payment_service")

        @service.handler(retry=Retry(attempts=2, delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            if event.number == 1:
                raise ValueError("never")

        poison = order("order-3")
        object.__setattr__(poison, "data", b"{}")
        async with running(service, publish=[order("order-1", 1), order("order-2"), poison]) as (worker, _, _):
            await until(lambda: worker.counters.dead == 2)
            await until(lambda: worker.counters.handled == 1)
            counters = worker.counters
            assert (counters.handled, counters.failed, counters.retried, counters.dead) == (1, 2, 1, 2)


class TestOutages:
    async def test_a_bus_that_cannot_be_read_is_tried_until_it_can(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(faulty: FaultySubscription) -> None:
            faulty.errors["receive"] = [BusError("the disk is full", mend="make room") for _ in range(3)]

        async with running(service, publish=MANY[:1], faults=fail) as (worker, faulty, _):
            await until(lambda: worker.problem)
            assert "the disk is full" in str(worker.problem)
            await until(lambda: worker.counters.handled == 1)
            assert worker.problem is None
        assert faulty.tries.count("receive") >= 4
        assert [record.getMessage() for record in caplog.records] == [
            "payment_service cannot receive events, and tries until it can: the disk is full; make room",
            "payment_service can receive events again",
        ]

    async def test_outcomes_that_cannot_be_settled_are_kept_and_settled_once(self, service: Service) -> None:
        def fail(faulty: FaultySubscription) -> None:
            faulty.errors["settle"] = [BusError("locked") for _ in range(3)]

        async with running(service, publish=MANY, faults=fail) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 300)
            await until(lambda: worker.in_flight == 0)
        done = faulty.outcomes(Done)
        assert len(done) == len({each.delivery.message.id for each in done}) == 300

    async def test_an_error_that_is_no_outage_ends_the_worker_visibly(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(faulty: FaultySubscription) -> None:
            faulty.errors["receive"] = [ZeroDivisionError("a mistake in the backend")]

        with pytest.raises(ZeroDivisionError):
            async with running(service, publish=MANY[:1], faults=fail) as (worker, faulty, _):
                with pytest.raises(ZeroDivisionError):
                    await worker.until_stopped()
                assert isinstance(worker.problem, ZeroDivisionError)
        assert faulty.tries.count("receive") == 1
        assert [record.getMessage() for record in caplog.records] == [
            "payment_service takes no more events: ZeroDivisionError: a mistake in the backend"
        ]

    async def test_what_is_being_handled_is_settled_even_then(self) -> None:
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await go.wait()

        with pytest.raises(ZeroDivisionError):
            async with running(service, publish=MANY[:1]) as (worker, faulty, bus):
                await until(lambda: worker.in_flight == 1 and len(faulty.limits) == 2)
                faulty.errors["receive"] = [ZeroDivisionError("a mistake in the backend")]
                await bus.publish(MANY[1])
                await until(lambda: worker.problem)
                go.set()
        assert len(faulty.outcomes(Done)) == 2

    async def test_a_mistake_in_settling_ends_it_visibly_too(self, service: Service) -> None:
        def fail(faulty: FaultySubscription) -> None:
            faulty.errors["settle"] = [ZeroDivisionError("a mistake in the backend") for _ in range(10)]

        with pytest.raises(ZeroDivisionError):
            async with running(service, publish=MANY[:1], faults=fail) as (worker, faulty, _):
                with pytest.raises(ZeroDivisionError):
                    await worker.until_stopped()
                await until(lambda: worker.problem)
        assert faulty.outcomes() == []

    async def test_a_bus_that_is_closed_under_the_worker_is_an_error(self, service: Service) -> None:
        with pytest.raises(BusError, match="the bus was closed while payment_service runs"):
            async with running(service) as (worker, _, bus):
                await bus.close()
                await worker.until_stopped()


class TestTheEnd:
    async def test_an_error_in_the_block_is_passed_on_after_all_is_finished(self) -> None:
        service, go, finished = Service("payment_service"), asyncio.Event(), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await go.wait()
            finished.append(event)

        with pytest.raises(KeyError, match="mine"):
            async with running(service, publish=MANY[:1]) as (worker, faulty, _):
                await until(lambda: worker.in_flight == 1)
                asyncio.get_running_loop().call_later(0.01, go.set)
                raise KeyError("mine")
        assert len(finished) == len(faulty.outcomes(Done)) == 1

    async def test_what_waits_is_given_back_and_what_runs_is_finished(self) -> None:
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await go.wait()

        async with running(service, publish=MANY[:4], concurrency=2) as (worker, faulty, _):
            await until(lambda: worker.in_flight == 4)
            asyncio.get_running_loop().call_later(0.01, go.set)
        assert len(faulty.outcomes(Done)) == len(faulty.outcomes(Released)) == 2

    async def test_what_still_arrives_while_it_ends_is_given_back(self, service: Service) -> None:
        def block(faulty: FaultySubscription) -> None:
            faulty.gates["receive"].clear()

        async with running(service, publish=MANY[:1], faults=block) as (worker, faulty, _):
            await until(lambda: faulty.tries == ["receive"])
            faulty.gates["close"].clear()
            loop = asyncio.get_running_loop()
            loop.call_later(0.01, faulty.gates["receive"].set)
            loop.call_later(0.05, faulty.gates["close"].set)
        assert (len(faulty.outcomes(Released)), worker.counters.handled) == (1, 0)

    async def test_a_bus_that_never_answers_does_not_keep_it_from_ending(self, service: Service) -> None:
        def block(faulty: FaultySubscription) -> None:
            for gate in faulty.gates.values():
                gate.clear()

        async with asyncio.timeout(30), running(service, grace=0.05, faults=block) as (_, faulty, _):
            await until(lambda: faulty.tries == ["receive"])

    async def test_an_outage_at_the_end_is_ridden_out_within_the_grace_period(self, service: Service) -> None:
        def fail(faulty: FaultySubscription) -> None:
            faulty.errors["settle"] = [BusError("locked") for _ in range(3)]
            faulty.errors["close"] = [BusError("locked")]

        async with running(service, publish=MANY[:1], faults=fail) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 1)
        assert len(faulty.outcomes(Done)) == 1

    async def test_its_subscription_is_closed_even_when_it_ends_at_once(self, service: Service) -> None:
        async with running(service, grace=0) as (_, faulty, _):
            pass
        assert faulty.tries[-1] == "close"

    @pytest.mark.parametrize("turns", range(4))
    async def test_a_handler_that_has_just_ended_is_not_said_to_be_cancelled(
        self, turns: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        service, ended = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            time.sleep(0.002)  # noqa: ASYNC251 - for so long that others go first
            ended.set()

        async with running(service) as (_, faulty, bus):
            await until(lambda: faulty.limits)
            await bus.publish(MANY[0])
            await ended.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
        assert caplog.messages == []

    async def test_a_handler_that_ignores_its_cancellation_is_left_behind(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(dispatch, "_LAST_CANCEL", 0.05)
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            while not go.is_set():
                try:
                    await go.wait()
                except asyncio.CancelledError:
                    continue

        async with running(service, publish=MANY[:1], grace=0) as (worker, faulty, _):
            await until(lambda: worker.in_flight == 1)
        assert faulty.outcomes() == []
        assert "leaves 1 handlers behind" in caplog.text
        go.set()

    async def test_cancelling_the_block_finishes_what_runs_and_cancelling_again_ends_it(self) -> None:
        service, cancelled = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                cancelled.append(event)
                raise

        begun = asyncio.Event()
        settled = []

        async def run() -> None:
            async with running(service, publish=MANY[:1], grace=1000) as (worker, faulty, _):
                await until(lambda: worker.in_flight == 1)
                settled.append(faulty)
                begun.set()
                await asyncio.sleep(1000)

        task = asyncio.create_task(run())
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0.02)
        assert (task.done(), cancelled) == (False, [])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(cancelled) == 1
        assert settled[0].outcomes() == []

    async def test_what_was_handled_is_settled_even_when_it_ends_at_once(self, service: Service) -> None:
        def block(faulty: FaultySubscription) -> None:
            faulty.gates["settle"].clear()

        async with running(service, publish=MANY[:5], grace=0, faults=block) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 5)
            asyncio.get_running_loop().call_later(0.05, faulty.gates["settle"].set)
        assert len(faulty.outcomes(Done)) == 5

    @pytest.mark.parametrize("more", [None, 0, 1, 3])
    @pytest.mark.parametrize("turns", range(30))
    async def test_whenever_it_is_cancelled_nothing_is_lost(self, turns: int, more: int | None) -> None:
        """Once or twice: each event was handled and settled, or comes back to the next instance."""
        service, handled = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await asyncio.sleep(0)
            handled.append(event.number)

        async with running(service, publish=MANY[:5], lease=0.05, concurrency=2) as (worker, _, bus):
            second = asyncio.create_task(serve_for_ever(bus, service))
            for _ in range(turns):
                await asyncio.sleep(0)
            second.cancel()
            if more is not None:
                for _ in range(more):
                    await asyncio.sleep(0)
                second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            await until(lambda: set(handled) == set(range(5)))
            await until(lambda: worker.in_flight == 0)


async def serve_for_ever(bus: Any, service: Service) -> None:
    async with bus.serve(service, ()):
        await asyncio.sleep(1000)
