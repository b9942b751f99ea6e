"""What becomes of a call, whatever the handler does."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextvars import ContextVar

import pytest

from eventkit import ConfigurationError, Envelope, Event, Retry, Service
from eventkit.contract.context import current_handling
from eventkit.delivery.handlers import Handlers
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Ignored, Reason, Released
from eventkit.delivery.watchdog import Slot
from tests.delivery.running import OrderCreated, order, running, until

ONCE = Retry(attempts=1)


class OrderRenamedV1(Event, type="order.renamed"):
    name: str


class OrderRenamedV2(Event, type="order.renamed", version=2):
    title: str


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (ValueError("no"), "ValueError: no"),
            (asyncio.CancelledError(), "CancelledError: the handler waited for something that was cancelled"),
            (BaseException("neither Exception nor order to end"), "BaseException: neither Exception nor order to end"),
            (GeneratorExit("of somebody's generator"), "GeneratorExit: of somebody's generator"),
            (StopIteration("generator"), "RuntimeError: coroutine raised StopIteration"),
            (BaseExceptionGroup("several", [ValueError(), KeyError()]), "ExceptionGroup: several (2 sub-exceptions)"),
        ],
    )
    async def test_whatever_is_raised_is_a_failure_and_the_next_event_is_handled(
        self, error: BaseException, text: str
    ) -> None:
        service = Service("payment_service")

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            if event.number == 1:
                raise error

        async with running(service, publish=[order("order-1", 1), order("order-1", 2)]) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 1)
            await until(lambda: worker.in_flight == 0)
        [dead] = faulty.outcomes(Dead)
        assert (dead.reason, dead.failure.error) == (Reason.FAILED, text)

    async def test_a_handler_that_cancels_its_own_task_has_failed_and_harms_itself_only(self) -> None:
        service = Service("payment_service")

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            task = asyncio.current_task()
            assert task is not None
            if event.number == 1:
                task.cancel()
                await asyncio.sleep(1000)
            if event.number == 2:
                task.cancel()
            assert event.number == 2 or not task.cancelling()
            await asyncio.sleep(0) if event.number > 2 else None

        events = [order(f"order-{number}", number) for number in (1, 2, 3, 4)]
        async with running(service, publish=events, concurrency=1) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 3)
            await until(lambda: worker.in_flight == 0)
        assert [each.delivery.message.key for each in faulty.outcomes(Done)] == ["order-2", "order-3", "order-4"]
        [dead] = faulty.outcomes(Dead)
        assert (dead.delivery.message.key, dead.reason) == ("order-1", Reason.FAILED)
        assert dead.failure.error == "CancelledError: the handler's task was cancelled, and not by the worker"

    async def test_a_handler_that_another_one_cancels_is_called_again(self) -> None:
        service, tasks, attempts = Service("payment_service"), {}, []

        @service.handler(retry=Retry(delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            if event.number == 1 and not tasks:
                tasks[1] = asyncio.current_task()
                await asyncio.sleep(1000)
            if event.number == 2:
                tasks[1].cancel()
            attempts.append(event.number)

        async with running(service, publish=[order("a", 1)]) as (worker, faulty, bus):
            await until(lambda: tasks)
            await bus.publish(order("b", 2))
            await until(lambda: worker.counters.handled == 2)
            await until(lambda: worker.in_flight == 0)
        assert attempts == [2, 1]
        assert [type(each) for each in faulty.outcomes() if each.delivery.message.key == "a"] == [Again, Done]

    async def test_what_stands_behind_an_interrupted_event_waits_for_it(self) -> None:
        """It is interrupted by who ends the event loop, and so cancels all tasks."""
        service, seen = Service("payment_service"), []

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(event.number)
            await asyncio.sleep(1000)

        with pytest.raises(RuntimeError, match="cancelled from outside"):
            async with running(service, publish=[order("a", n) for n in (1, 2, 3)]) as (worker, faulty, _):
                await until(lambda: seen)
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
                await until(lambda: not worker.alive)
        assert seen == [1]
        assert [(type(each), each.delivery.message.key) for each in faulty.outcomes()] == [(Released, "a")] * 2

    @pytest.mark.parametrize("error", [GeneratorExit, OSError])
    async def test_a_call_that_is_closed_has_no_outcome(self, error: type[BaseException]) -> None:
        """As the garbage collector closes what a loop left behind; also one that cannot clean up then."""
        service = Service("payment_service")

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            try:
                await asyncio.sleep(0)
            except GeneratorExit:
                raise error from None

        async def nothing() -> None:
            pass

        task = asyncio.create_task(nothing())
        call = Handlers(service, ()).handle(Delivery(None, order("a")), Slot(task, task))
        call.send(None)
        with pytest.raises(error):
            call.throw(GeneratorExit)
        await task

    @pytest.mark.parametrize("kind", [ValueError, KeyError, BaseException, GeneratorExit])
    async def test_an_upcaster_that_raises_makes_a_dead_letter_at_once(self, kind: type[BaseException]) -> None:
        service = Service("payment_service")

        @service.upcaster
        def upcast(old: OrderRenamedV1) -> OrderRenamedV2:
            raise kind("no such title")

        @service.handler
        async def handle_order_renamed(event: OrderRenamedV2) -> None:
            raise AssertionError("not reached")

        sent = Envelope.of(OrderRenamedV1(name="a"), source="order_service")
        async with running(service, publish=[sent]) as (worker, faulty, _):
            await until(lambda: worker.counters.dead)
            await until(lambda: worker.in_flight == 0)
        [dead] = faulty.outcomes(Dead)
        assert (dead.reason, dead.failure.error) == (Reason.INVALID, f"{kind.__name__}: {kind('no such title')}")

    async def test_a_validation_error_of_something_else_is_a_failure_like_any(self) -> None:
        """A client's answer that does not validate may do so next time."""
        service = Service("payment_service")

        @service.handler(retry=Retry(delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            if not current_attempts.append(1) and len(current_attempts) == 1:
                OrderRenamedV1.model_validate({})

        current_attempts: list[int] = []
        async with running(service, publish=[order("order-1")]) as (worker, faulty, _):
            await until(lambda: worker.counters.handled)
            await until(lambda: worker.in_flight == 0)
        assert [type(each) for each in faulty.outcomes()] == [Again, Done]


class TestOrdersToEnd:
    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_the_process_ends_and_its_events_come_back(self, error: type[BaseException]) -> None:
        """Also those of handlers that are cancelled by it."""
        service, faults = Service("payment_service"), []

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            if event.number == 1:
                raise error
            await asyncio.sleep(1000)

        async def main() -> None:
            async with running(service, publish=[order("a", 2), order("b", 1)]) as (_, faulty, _):
                faults.append(faulty)
                await asyncio.sleep(1000)

        with pytest.raises(error):
            asyncio.run(main())
        assert faults[0].outcomes() == []


class TestTimeouts:
    async def test_a_call_that_takes_too_long_is_cancelled_and_counts_as_failed(self) -> None:
        service, cancelled = Service("payment_service"), []

        @service.handler(retry=ONCE, timeout=0.05)
        async def handle_order_created(event: OrderCreated) -> None:
            try:
                await asyncio.sleep(1000 if event.number == 1 else 0)
            except asyncio.CancelledError:
                cancelled.append(event)
                raise

        events = [order("order-1", 1), order("order-1", 2)]
        async with running(service, publish=events, concurrency=1) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 1)
            await until(lambda: worker.in_flight == 0)
        [dead] = faulty.outcomes(Dead)
        assert (len(cancelled), dead.failure.error) == (1, "TimeoutError: the handler took longer than 0.05 s")

    async def test_a_handler_that_finishes_all_the_same_has_handled_it(self) -> None:
        service = Service("payment_service")

        @service.handler(timeout=0.05)
        async def handle_order_created(event: OrderCreated) -> None:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                await asyncio.sleep(0)

        async with running(service, publish=[order("order-1")]) as (worker, faulty, _):
            await until(lambda: worker.counters.handled == 1)
        assert [type(each) for each in faulty.outcomes()] == [Done]

    async def test_a_handler_that_ignores_it_is_asked_again(self) -> None:
        service, asked = Service("payment_service"), []

        @service.handler(retry=ONCE, timeout=0.02)
        async def handle_order_created(event: OrderCreated) -> None:
            while len(asked) < 3:
                try:
                    await asyncio.sleep(1000)
                except asyncio.CancelledError:
                    asked.append(event)

        async with running(service, publish=[order("order-1")]) as (worker, _, _):
            await until(lambda: worker.counters.handled == 1)
        assert len(asked) == 3

    async def test_what_it_raises_while_it_is_cancelled_is_the_failure(self) -> None:
        service = Service("payment_service")

        @service.handler(retry=ONCE, timeout=0.02)
        async def handle_order_created(event: OrderCreated) -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                raise OSError("the connection cannot be closed")

        async with running(service, publish=[order("order-1")]) as (worker, faulty, _):
            await until(lambda: worker.counters.dead == 1)
            await until(lambda: worker.in_flight == 0)
        [dead] = faulty.outcomes(Dead)
        assert dead.failure.error == "OSError: the connection cannot be closed"

    async def test_timeouts_of_the_handlers_own_work_as_ever(self) -> None:
        service, seen = Service("payment_service"), []

        @service.handler(retry=ONCE, timeout=10)
        async def handle_order_created(event: OrderCreated) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(1000)
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
                    await asyncio.sleep(1000)
            seen.append(event.number)

        async def fail() -> None:
            raise ValueError("in a task group")

        async with running(service, publish=[order("order-1", n) for n in (1, 2)], concurrency=1) as (worker, _, _):
            await until(lambda: worker.counters.handled == 2)
        assert seen == [1, 2]

    async def test_none_is_no_limit(self) -> None:
        service, go = Service("payment_service"), asyncio.Event()

        @service.handler(timeout=None)
        async def handle_order_created(event: OrderCreated) -> None:
            await go.wait()

        assert Handlers(service, ()).shortest_timeout == float("inf")
        async with running(service, publish=[order("order-1")]) as (worker, _, _):
            await until(lambda: worker.in_flight == 1)
            go.set()
            await until(lambda: worker.counters.handled == 1)


class TestContext:
    async def test_what_a_handler_sets_in_context_variables_ends_with_it(self) -> None:
        tenant: ContextVar[str] = ContextVar("tenant", default="none")
        service, seen = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(tenant.get())
            token = tenant.set(event.order_id)
            await asyncio.sleep(0)
            seen.append(tenant.get())
            if event.number == 2:
                tenant.reset(token)

        events = [order("a", 1), order("b", 2), order("c", 3)]
        async with running(service, publish=events, concurrency=1) as (worker, _, _):
            await until(lambda: worker.counters.handled == 3)
        assert seen == ["none", "a", "none", "b", "none", "c"]

    async def test_what_a_handler_leaves_behind_now_and_then_is_not_for_the_handler_of_another_type(self) -> None:
        tenant: ContextVar[str] = ContextVar("tenant", default="none")
        service, seen = Service("payment_service", unknown_types="acknowledge"), []

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(tenant.get())
            if event.number in (3, 4, 7):
                tenant.set(event.order_id)
            if event.number == 4:
                raise ValueError("after it was set")

        @service.handler
        async def handle_order_renamed(event: OrderRenamedV1) -> None:
            seen.append(tenant.get())

        renamed = Envelope.of(OrderRenamedV1(name="a"), source="s")
        events = [each for number in range(8) for each in (order(f"order-{number}", number), renamed)]
        async with running(service, publish=events, concurrency=1) as (worker, _, _):
            await until(lambda: worker.counters.handled == 15)
        assert seen == ["none"] * 16

    async def test_what_is_left_behind_need_not_be_comparable(self) -> None:
        class Array:
            def __eq__(self, other: object) -> bool:
                raise ValueError("the truth of an array is ambiguous")

            __hash__ = None  # type: ignore[assignment]

        outer = Array()
        array: ContextVar[Array] = ContextVar("array")
        array.set(outer)
        service, seen = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(array.get() is outer)
            array.set(Array())

        async with running(service, publish=[order("a", 1), order("b", 2), order("c", 3)]) as (worker, _, _):
            await until(lambda: worker.counters.handled == 3)
        assert seen == [True, True, True]

    async def test_handlers_see_what_was_set_when_the_service_was_started(self) -> None:
        tenant: ContextVar[str] = ContextVar("tenant", default="none")
        service, seen = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(tenant.get())

        tenant.set("started with")
        async with running(service, publish=[order("a")]) as (worker, _, _):
            await until(lambda: worker.counters.handled)
        assert seen == ["started with"]

    async def test_a_task_that_a_handler_starts_knows_the_event(self) -> None:
        service, seen = Service("payment_service"), []

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await asyncio.create_task(child())

        async def child() -> None:
            await asyncio.sleep(0)
            handling = current_handling()
            assert handling is not None
            seen.append((handling.envelope.key, handling.group))

        async with running(service, publish=[order("a"), order("b")], concurrency=1) as (worker, _, _):
            await until(lambda: worker.counters.handled == 2)
        assert seen == [("a", "payment_service"), ("b", "payment_service")]
        assert current_handling() is None


class TestTheLog:
    async def test_a_failure_is_a_warning_with_its_place_and_a_dead_letter_an_error(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        service = Service("payment_service")

        @service.handler(retry=Retry(attempts=2, delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            raise ValueError("amount is negative")

        line = sys._getframe().f_lineno - 2
        sent = order("a")
        with caplog.at_level(logging.INFO):
            async with running(service, publish=[sent]) as (worker, _, _):
                await until(lambda: worker.counters.dead)
        event = f"payment_service: order.created v1 {sent.id}"
        cause = f"ValueError: amount is negative (test_handlers.py:{line})"
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
            ("WARNING", f"{event} failed (call 1, again in 0.0 s): {cause}"),
            ("ERROR", f"{event} is a dead letter (failed): {cause}"),
        ]
        assert "Traceback" not in caplog.text

    async def test_log_lines_have_fields_for_programs(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Service("payment_service")

        @service.handler(retry=Retry(attempts=2, delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            raise ValueError("amount is negative")

        sent = order("a")
        async with running(service, publish=[sent]) as (worker, _, _):
            await until(lambda: worker.counters.dead)
        fields = ("group", "event_type", "event_id", "attempt")
        assert [tuple(vars(record)[field] for field in fields) for record in caplog.records] == [
            ("payment_service", "order.created v1", sent.id, attempt) for attempt in (1, 2)
        ]

    async def test_what_is_handled_is_not_worth_a_line(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Service("payment_service")

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            pass

        with caplog.at_level(logging.INFO):
            async with running(service, publish=[order("a")]) as (worker, _, _):
                await until(lambda: worker.counters.handled)
        assert caplog.records == []

    async def test_where_something_failed_is_a_place_in_the_service(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Service("payment_service")

        @service.handler(retry=ONCE, timeout=0.01)
        async def handle_order_created(event: OrderCreated) -> None:
            await asyncio.sleep(1000)

        line = sys._getframe().f_lineno - 2
        invalid = Envelope(id="1", source="tests", type="order.created", data=b"{}")
        async with running(service, publish=[order("a"), invalid]) as (worker, _, _):
            await until(lambda: worker.counters.dead == 2)
        messages = sorted(record.getMessage().partition("letter ")[2] for record in caplog.records)
        assert messages == [
            f"(failed): TimeoutError: the handler took longer than 0.01 s (test_handlers.py:{line})",
            "(invalid): OrderCreated: order_id: Field required",
        ]

    async def test_an_unknown_type_that_is_acknowledged_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Service("payment_service", unknown_types="acknowledge")

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            pass

        handlers = Handlers(service, ())
        task = asyncio.current_task()
        assert task is not None
        slot = Slot(task, task)
        for _ in range(3):
            unknown = Delivery(None, Envelope(id="a", source="shop", type="order.archived", data=b"{}"))
            assert await handlers.handle(unknown, slot) == Ignored(unknown)

        assert [record.getMessage() for record in caplog.records] == [
            "payment_service acknowledges events of the unknown type order.archived"
        ]

    async def test_tracebacks_are_for_debugging(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Service("payment_service")

        @service.handler(retry=ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            raise ValueError("amount is negative")

        with caplog.at_level(logging.DEBUG, "eventkit.delivery"):
            async with running(service, publish=[order("a")]) as (worker, _, _):
                await until(lambda: worker.counters.dead)
        assert "Traceback" in caplog.text


class TestPuttingTogether:
    async def test_a_missing_dependency_is_named_before_a_group_is_made(self) -> None:
        class Ledger:
            pass

        service = Service("payment_service")

        @service.handler
        async def handle_order_created(event: OrderCreated, ledger: Ledger) -> None:
            pass

        with pytest.raises(ConfigurationError, match=r"handle_order_created asks for a .*Ledger as 'ledger'"):
            Handlers(service, ())

    def test_the_types_are_those_of_all_versions(self) -> None:
        service = Service("payment_service")

        @service.upcaster
        def upcast(old: OrderRenamedV1) -> OrderRenamedV2:
            return OrderRenamedV2(title=old.name)

        @service.handler
        async def handle_order_renamed(event: OrderRenamedV2) -> None:
            pass

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            pass

        assert Handlers(service, ()).types == ("order.created", "order.renamed")
