"""Brokers that are killed and started again, and what operators delete while services run.

What a backend's harness gives for that: the fixtures `own_server` and `delete_topology`. Without them these tests are
skipped, and say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Literal

import pytest

from eventkit.bus.protocol import Bus, DeadLetter
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError
from eventkit.contract.event import Event
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Reason
from eventkit.testing.conformance.support import PATIENCE, BusFactory, OwnServer

LEASE = 5.0
RECOVERY = 2 * PATIENCE
"""Seconds for what has to wait for a broker on a busy machine."""
What = Literal["events", "group"]
"""What an operator deletes: where a domain's events are kept, or where it stands how far a group is."""


class OrderChanged(Event, type="order.changed", key="order_id"):
    """What is handled."""

    order_id: str
    number: int


class Ledger:
    """What a service has handled."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self._changed = asyncio.Condition()

    async def note(self, event: OrderChanged) -> None:
        """Note one call."""
        self.seen.append((event.order_id, event.number))
        async with self._changed:
            self._changed.notify_all()

    async def becomes(self, condition: Callable[[], bool]) -> None:
        """Wait until what was handled is as it should be."""
        async with asyncio.timeout(RECOVERY), self._changed:
            await self._changed.wait_for(condition)

    def numbers(self, order_id: str) -> list[int]:
        """Return the numbers of a key's events, each where it came first."""
        return list(dict.fromkeys(number for key, number in self.seen if key == order_id))


def changed(order_id: str, number: int) -> Envelope:
    """Return an event."""
    return Envelope.of(OrderChanged(order_id=order_id, number=number), source="conformance")


async def publish_until_stored(bus: Bus, envelope: Envelope) -> None:
    """Publish the same event until the bus says that it has it."""
    async with asyncio.timeout(RECOVERY):
        while True:
            try:
                return await bus.publish(envelope)
            except PublishError:
                await asyncio.sleep(0.05)


async def letters_of(bus: Bus) -> Sequence[DeadLetter]:
    """Return the dead letters; none while they cannot be read."""
    try:
        return await bus.dead_letters.list()
    except BusError:
        return ()


@pytest.mark.asyncio
class OutageConformance:
    """What was stored is handled, whatever happens to the broker."""

    @pytest.fixture
    def own_server(self) -> OwnServer:
        """A broker that the test may kill."""
        pytest.skip("NOT TRIED: this bus has no server, or its harness gives no fixture `own_server`")

    @pytest.fixture
    def delete_topology(self) -> Callable[[What], Awaitable[None]]:
        """Deletes something in the broker of `bus_factory`; skips what does not exist there."""
        pytest.skip("NOT TRIED: this bus has no server, or its harness gives no fixture `delete_topology`")

    async def test_two_restarts_of_the_broker_lose_nothing_and_keep_the_order(self, own_server: OwnServer) -> None:
        ledger, service, stored = Ledger(), Service("payment_service"), 0
        keys, each = [f"order-{number}" for number in range(20)], 30

        @service.handler
        async def handle_order_changed(event: OrderChanged) -> None:
            await ledger.note(event)

        async with own_server.bus_factory(lease=LEASE) as bus, bus.serve(service, ()):

            async def publish(key: str) -> None:
                nonlocal stored
                for number in range(each):
                    await publish_until_stored(bus, changed(key, number))
                    stored += 1

            async def restart_after(count: int) -> None:
                while stored < count:
                    await asyncio.sleep(0.001)
                await asyncio.to_thread(own_server.kill)
                await asyncio.to_thread(own_server.start)

            publishers = [asyncio.create_task(publish(key)) for key in keys]
            try:
                await restart_after(len(keys) * each // 3)
                await restart_after(len(keys) * each // 2)
                await asyncio.gather(*publishers)
            finally:
                for publisher in publishers:
                    publisher.cancel()
            await ledger.becomes(lambda: len(set(ledger.seen)) == len(keys) * each)

        assert {key: ledger.numbers(key) for key in keys} == {key: list(range(each)) for key in keys}

    async def test_a_service_is_ready_soon_after_its_broker_also_without_events(self, own_server: OwnServer) -> None:
        """A service to which nothing comes must not seem to be out of order until something does."""
        service = Service("payment_service")

        @service.handler
        async def handle_order_changed(event: OrderChanged) -> None:
            raise AssertionError

        async with own_server.bus_factory(lease=LEASE) as bus, bus.serve(service, ()) as worker:
            await asyncio.to_thread(own_server.kill)
            with suppress(TimeoutError):  # a bus may ride it out without a word
                async with asyncio.timeout(2 * LEASE):
                    while worker.ready:
                        await asyncio.sleep(0.05)
            await asyncio.to_thread(own_server.start)

            async with asyncio.timeout(RECOVERY):
                while not worker.ready:
                    await asyncio.sleep(0.05)

    async def test_a_dead_letter_whose_store_is_not_there_is_stored_when_it_is(self, own_server: OwnServer) -> None:
        service, begun, go = Service("payment_service"), asyncio.Event(), asyncio.Event()

        @service.handler(retry=Retry(attempts=1))
        async def handle_order_changed(event: OrderChanged) -> None:
            begun.set()
            await go.wait()
            raise ValueError("no")

        sent = changed("order-1", 0)
        async with own_server.bus_factory(lease=LEASE) as bus, bus.serve(service, ()), asyncio.timeout(RECOVERY):
            await bus.publish(sent)
            await begun.wait()
            await asyncio.to_thread(own_server.kill)
            go.set()
            await asyncio.sleep(1.0)  # it tries, and fails
            await asyncio.to_thread(own_server.start)

            while not (letters := await letters_of(bus)):
                await asyncio.sleep(0.05)

        # Where an answer was lost it may be there twice, and never not at all.
        assert {(each.reason, each.failures[-1].error, each.body) for each in letters} == {
            (Reason.FAILED, "ValueError: no", sent.data)
        }

    @pytest.mark.parametrize("what", ["events", "group"])
    async def test_a_service_goes_on_after_its_topology_was_deleted(
        self, bus_factory: BusFactory, delete_topology: Callable[[What], Awaitable[None]], what: What
    ) -> None:
        """What was deleted is gone; what is published from then on is handled, and nobody has to start anything."""
        ledger, service, number = Ledger(), Service("payment_service"), 0

        @service.handler
        async def handle_order_changed(event: OrderChanged) -> None:
            await ledger.note(event)

        async with bus_factory(lease=LEASE) as bus, bus.serve(service, ()) as worker:
            await bus.publish(changed("order-1", 0))
            await ledger.becomes(lambda: bool(ledger.seen))

            await delete_topology(what)

            async with asyncio.timeout(RECOVERY):
                while ledger.seen[-1] == ("order-1", 0):
                    number += 1
                    await publish_until_stored(bus, changed("order-1", number))
                    await asyncio.sleep(0.2)
                # From here on all is well again.
                await publish_until_stored(bus, changed("order-2", 0))
                await ledger.becomes(lambda: ("order-2", 0) in ledger.seen)
                while not worker.ready:
                    await asyncio.sleep(0.05)
