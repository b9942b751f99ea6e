"""A whole service on the bus: publishers, handlers, and the worker between them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from eventkit.bus.protocol import Bus, DeadLetter
from eventkit.contract.codec import to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.event import Event
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service, UnknownTypes
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.support import (
    LONG,
    PATIENCE,
    SHORT,
    BusFactory,
    failure,
    names_of,
    nothing_comes,
    subscribed,
    take,
)

AT_ONCE = Retry(attempts=3, delay=0)


class OrderCreated(Event, type="order.created", key="order_id"):
    """What the services of the suite handle."""

    order_id: str
    number: int = 0


class PaymentCompleted(Event, type="payment.completed", key="order_id"):
    """What a handler publishes."""

    order_id: str


class OrderRenamedV1(Event, type="order.renamed"):
    """An old version."""

    name: str


class OrderRenamedV2(Event, type="order.renamed", version=2):
    """The version that is handled."""

    title: str


class Handled:
    """What a handler has seen, awaited by a test."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def see(self, event: Event) -> None:
        """Note one call."""
        self._queue.put_nowait(event)

    async def next(self, count: int) -> list[Event]:
        """Wait for as many calls."""
        async with asyncio.timeout(PATIENCE):
            return [await self._queue.get() for _ in range(count)]

    @property
    def unseen(self) -> int:
        """How many calls no test has waited for."""
        return self._queue.qsize()


def order(order_id: str = "order-1", number: int = 0) -> Envelope:
    """Return an event as order_service publishes it."""
    return Envelope.of(OrderCreated(order_id=order_id, number=number), source="order_service")


async def letters(bus: Bus, count: int) -> list[DeadLetter]:
    """Wait for as many dead letters."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await bus.dead_letters.list()) < count:
            await asyncio.sleep(0.01)
    return list(found)


@pytest.mark.asyncio
class ServiceConformance:
    """What the authors of services rely on."""

    async def test_what_one_service_publishes_another_one_handles(self, bus_factory: BusFactory) -> None:
        shop, payment, handled = Service("order_service"), Service("payment_service"), Handled()

        @shop.publisher
        async def publish_order_created(order_id: str) -> OrderCreated:
            return OrderCreated(order_id=order_id, number=7)

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            handled.see(event)

        async with bus_factory() as bus, shop.run(bus), payment.run(bus):
            sent = await publish_order_created("order-1")

            assert await handled.next(1) == [sent]

    async def test_what_a_handler_publishes_names_its_cause(self, bus_factory: BusFactory) -> None:
        payment = Service("payment_service")

        @payment.publisher
        async def publish_payment_completed(order_id: str) -> PaymentCompleted:
            return PaymentCompleted(order_id=order_id)

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await publish_payment_completed(event.order_id)

        orders = [order("order-1"), order("order-2")]
        async with bus_factory() as bus, subscribed(bus, "ledger", ("payment.completed",)) as ledger, payment.run(bus):
            for each in orders:
                await bus.publish(each)
            deliveries = await take(ledger, 2)

        payments = [each.message for each in deliveries if isinstance(each.message, Envelope)]
        assert {(each.key, each.causation, each.correlation) for each in payments} == {
            (each.key, each.id, each.correlation) for each in orders
        }

    async def test_a_handler_that_fails_is_called_again_until_it_returns(self, bus_factory: BusFactory) -> None:
        payment, handled, errors = Service("payment_service"), Handled(), iter([ValueError("once"), KeyError("twice")])

        @payment.handler(retry=AT_ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            if error := next(errors, None):
                raise error
            handled.see(event)

        async with bus_factory() as bus, payment.run(bus) as worker:
            await bus.publish(order())
            await handled.next(1)
            assert (worker.counters.failed, worker.counters.retried) == (2, 2)
            assert not await bus.dead_letters.list()

    async def test_an_event_that_fails_too_often_becomes_a_dead_letter(self, bus_factory: BusFactory) -> None:
        payment, calls, sent = Service("payment_service"), iter(range(100)), order()

        @payment.handler(retry=AT_ONCE)
        async def handle_order_created(event: OrderCreated) -> None:
            raise ValueError(f"call {next(calls)}")

        async with bus_factory() as bus, payment.run(bus):
            await bus.publish(sent)
            [letter] = await letters(bus, 1)

        assert [each.error for each in letter.failures] == [f"ValueError: call {call}" for call in range(3)]
        assert (letter.reason, letter.group, letter.type) == (Reason.FAILED, "payment_service", "order.created")
        assert (letter.headers, letter.body) == (to_headers(sent), sent.data)

    async def test_a_replayed_dead_letter_is_handled(self, bus_factory: BusFactory) -> None:
        payment, handled, broken = Service("payment_service"), Handled(), [True]

        @payment.handler(retry=Retry(attempts=1))
        async def handle_order_created(event: OrderCreated) -> None:
            if broken[0]:
                raise ValueError("the ledger is closed")
            handled.see(event)

        async with bus_factory() as bus, payment.run(bus):
            await bus.publish(order())
            [letter] = await letters(bus, 1)
            broken.clear()
            broken.append(False)
            await bus.dead_letters.replay([letter.id])

            assert await handled.next(1) == [OrderCreated(order_id="order-1")]

    async def test_data_that_does_not_fit_becomes_a_dead_letter_at_once(self, bus_factory: BusFactory) -> None:
        payment, handled = Service("payment_service"), Handled()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            handled.see(event)

        poison = Envelope(id="poison", source="tests", type="order.created", data=b'{"number": "many"}', key="order-1")
        async with bus_factory() as bus, payment.run(bus):
            await bus.publish(poison)
            await bus.publish(order())
            [letter] = await letters(bus, 1)
            await handled.next(1)

        assert (letter.reason, letter.body, len(letter.failures)) == (Reason.INVALID, poison.data, 1)
        assert "order_id" in letter.failures[0].error
        assert "number" in letter.failures[0].error

    async def test_a_body_that_is_no_json_becomes_a_dead_letter_at_once(self, bus_factory: BusFactory) -> None:
        """Unreadable where the bus reads it from bytes, invalid where the reader model does."""
        payment, handled = Service("payment_service"), Handled()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            handled.see(event)

        broken = Envelope(id="broken", source="tests", type="order.created", data=b'{"order_id": \xff', key="order-1")
        async with bus_factory() as bus, payment.run(bus):
            await bus.publish(broken)
            await bus.publish(order())
            [letter] = await letters(bus, 1)
            await handled.next(1)

        assert letter.reason in (Reason.UNREADABLE, Reason.INVALID)
        assert (letter.body, letter.headers["ce-id"], len(letter.failures)) == (broken.data, "broken", 1)

    async def test_an_older_version_is_upcast_and_an_unknown_one_kept(self, bus_factory: BusFactory) -> None:
        payment, handled = Service("payment_service"), Handled()

        @payment.upcaster
        def upcast(old: OrderRenamedV1) -> OrderRenamedV2:
            return OrderRenamedV2(title=old.name)

        @payment.handler
        async def handle_order_renamed(event: OrderRenamedV2) -> None:
            handled.see(event)

        def renamed(version: int, data: bytes) -> Envelope:
            schema = f"urn:eventkit:order.renamed:v{version}"
            return Envelope(id=f"v{version}", source="tests", type="order.renamed", data=data, dataschema=schema)

        async with bus_factory() as bus, payment.run(bus):
            await bus.publish(renamed(3, b'{"label": "a"}'))
            await bus.publish(renamed(1, b'{"name": "b"}'))
            await bus.publish(renamed(2, b'{"title": "c"}'))
            [letter] = await letters(bus, 1)
            events = await handled.next(2)

        assert {each.title for each in events if isinstance(each, OrderRenamedV2)} == {"b", "c"}
        assert letter.reason is Reason.UNHANDLED_VERSION
        assert "v1, v2" in letter.failures[0].error

    @pytest.mark.parametrize("unknown_types", ["dead_letter", "acknowledge"])
    async def test_an_unknown_type_is_counted_and_ends_as_the_service_says(
        self, bus_factory: BusFactory, unknown_types: UnknownTypes
    ) -> None:
        """A dead letter that is replayed to a service which does not handle its type any more."""
        payment, handled = Service("payment_service", unknown_types=unknown_types), Handled()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            handled.see(event)

        old = Envelope.of(OrderRenamedV1(name="a"), source="order_service")
        async with bus_factory() as bus:
            async with subscribed(bus, types=("order.created", "order.renamed")) as subscription:
                await bus.publish(old)
                [delivery] = await take(subscription, 1)
                await subscription.settle([Dead(delivery, Reason.FAILED, failure())])
            async with payment.run(bus) as worker:
                await bus.dead_letters.replay([letter.id for letter in await letters(bus, 1)])
                async with asyncio.timeout(PATIENCE):
                    while not worker.counters.unknown:
                        await asyncio.sleep(0.01)
                await bus.publish(order())
                await handled.next(1)
                if unknown_types == "dead_letter":
                    [letter] = await letters(bus, 1)
                    assert (letter.reason, letter.type) == (Reason.UNKNOWN_TYPE, "order.renamed")
                assert (worker.counters.unknown, worker.counters.dead) == (1, unknown_types == "dead_letter")

            # What was acknowledged is gone.
            assert len(await bus.dead_letters.list()) == (unknown_types == "dead_letter")

    async def test_while_a_version_is_rolled_out_its_new_events_are_left_to_it(self, bus_factory: BusFactory) -> None:
        """Instances of the old version, which do not handle a new type, make no dead letters of its events."""
        if not bus_factory().capabilities.processes:
            pytest.skip("this bus is for one process")
        old, new, handled, renamed = Service("payment_service"), Service("payment_service"), Handled(), Handled()

        async def handle_order_created(event: OrderCreated) -> None:
            handled.see(event)

        old.handler(handle_order_created)
        new.handler(handle_order_created)

        @new.handler
        async def handle_order_renamed(event: OrderRenamedV1) -> None:
            renamed.see(event)

        async def publish(bus: Bus, count: int) -> None:
            for number in range(count):
                await bus.publish(order(f"order-{number % 8}", number))
                await bus.publish(Envelope.of(OrderRenamedV1(name=f"{number}"), source="order_service"))

        async with bus_factory(lease=LONG) as here, bus_factory(lease=LONG) as there, AsyncExitStack() as instances:
            async with here.serve(old, ()):
                await publish(here, 40)
                await handled.next(40)
                publishing = asyncio.create_task(publish(here, 200))
                await instances.enter_async_context(there.serve(new, ()))
                await renamed.next(1)  # the old one leaves when the new one gets events
                await publishing
            await renamed.next(239)
            await handled.next(200)
            assert not await here.dead_letters.list()

    async def test_events_of_a_key_are_handled_one_after_the_other_in_order(self, bus_factory: BusFactory) -> None:
        """Also when some fail, and several instances take part."""
        payment, handled, chance = Service("payment_service"), Handled(), iter([False, True, False, False] * 100)
        running: set[str] = set()

        @payment.handler(retry=Retry(attempts=50, delay=0))
        async def handle_order_created(event: OrderCreated) -> None:
            assert event.order_id not in running
            running.add(event.order_id)
            await asyncio.sleep(0)
            running.remove(event.order_id)
            if next(chance):
                raise ValueError("not yet")
            handled.see(event)

        async with bus_factory(concurrency=8) as bus, bus.serve(payment, ()), bus.serve(payment, ()):
            for number in range(12):
                for each in ("order-1", "order-2", "order-3"):
                    await bus.publish(order(each, number))
            events = await handled.next(36)

        for each in ("order-1", "order-2", "order-3"):
            seen = [event.number for event in events if isinstance(event, OrderCreated) and event.order_id == each]
            assert seen == list(range(12))

    async def test_different_keys_are_handled_at_the_same_time(self, bus_factory: BusFactory) -> None:
        payment, together = Service("payment_service"), asyncio.Barrier(20)

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            await together.wait()

        async with bus_factory(concurrency=20) as bus, payment.run(bus) as worker:
            for number in range(20):
                await bus.publish(order(f"order-{number}"))
            async with asyncio.timeout(PATIENCE):
                while worker.counters.handled < 20:
                    await asyncio.sleep(0.01)

    async def test_no_more_handlers_run_than_allowed(self, bus_factory: BusFactory) -> None:
        payment, handled = Service("payment_service"), Handled()
        running, most = 0, 0

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            handled.see(event)

        async with bus_factory(concurrency=3) as bus:
            for number in range(30):
                await bus.publish(order(f"order-{number}"))
            async with payment.run(bus):
                await handled.next(30)

        assert most <= 3

    async def test_a_handler_that_takes_longer_than_its_lease_is_called_once(self, bus_factory: BusFactory) -> None:
        payment, begun, finished, lease = Service("payment_service"), Handled(), Handled(), 2.0

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            begun.see(event)
            await asyncio.sleep(1.5 * lease)
            finished.see(event)

        async with bus_factory(lease=lease) as bus, bus.serve(payment, ()), bus.serve(payment, ()):
            await bus.publish(order("order-1"))
            await finished.next(1)

        assert len(await begun.next(1)) == 1
        assert begun.unseen == 0

    async def test_an_event_that_ends_processes_is_given_up(self, bus_factory: BusFactory) -> None:
        payment = Service("payment_service")

        @payment.handler(retry=Retry(crashes=2))
        async def handle_order_created(event: OrderCreated) -> None:
            raise AssertionError("it must not be called again")

        async with bus_factory(lease=SHORT) as bus:
            await bus.publish(order())
            async with subscribed(bus) as killed:
                await take(killed, 1)
                await take(killed, 1)
                async with payment.run(bus):
                    [letter] = await letters(bus, 1)

        assert letter.reason is Reason.CRASHED

    async def test_at_the_end_what_runs_is_finished_and_the_rest_goes_to_others(self, bus_factory: BusFactory) -> None:
        payment, begun, finished = Service("payment_service"), Handled(), Handled()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            begun.see(event)
            await asyncio.sleep(0.1)
            finished.see(event)

        async with bus_factory(lease=LONG, concurrency=1) as bus:
            for number in range(2):
                await bus.publish(order(f"order-{number}"))
            async with payment.run(bus):
                [running] = await begun.next(1)
            assert await finished.next(1) == [running]

            async with subscribed(bus) as other:
                [rest] = await take(other, 1)
                assert rest.attempt == 1
                assert await nothing_comes(other)

    async def test_a_handler_that_does_not_end_in_time_is_cancelled_and_its_event_comes_back(
        self, bus_factory: BusFactory
    ) -> None:
        payment, begun, cancelled = Service("payment_service"), Handled(), Handled()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            begun.see(event)
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                cancelled.see(event)
                raise

        sent = order()
        async with bus_factory(lease=SHORT, grace=0.05) as bus:
            await bus.publish(sent)
            async with payment.run(bus):
                await begun.next(1)
            await cancelled.next(1)

            async with subscribed(bus) as other:
                [delivery] = await take(other, 1)

        assert (names_of([delivery]), delivery.attempt, delivery.failures) == ([sent.id], 2, ())
