"""What only some buses do: keep events when the process ends, and serve several processes."""

from __future__ import annotations

import asyncio

import pytest

from eventkit.delivery.subscription import Dead, Done, Reason
from eventkit.testing.conformance.support import (
    LONG,
    SHORT,
    BusFactory,
    again,
    failure,
    handle,
    handle_by,
    name_of,
    names_of,
    nothing_comes,
    publish,
    subscribed,
    take,
    take_one_of,
)


@pytest.mark.asyncio
class StorageConformance:
    """Durability, and several buses on one storage."""

    @pytest.fixture
    def durable(self, bus_factory: BusFactory) -> BusFactory:
        """The factory, where what it makes keeps its events."""
        if not bus_factory().capabilities.durable:
            pytest.skip("this bus does not keep events when its process ends")
        return bus_factory

    @pytest.fixture
    def shared(self, bus_factory: BusFactory) -> BusFactory:
        """The factory, where what it makes is for several processes."""
        if not bus_factory().capabilities.processes:
            pytest.skip("this bus is for one process")
        return bus_factory

    async def test_what_was_published_is_there_when_the_bus_is_opened_again(self, durable: BusFactory) -> None:
        async with durable() as bus:
            await publish(bus, ["early"])
            async with subscribed(bus):
                pass
            await publish(bus, ["late"])

        async with durable() as bus, subscribed(bus) as subscription:
            assert sorted(await handle(subscription, 2)) == ["early", "late"]

    async def test_what_was_done_stays_done(self, durable: BusFactory) -> None:
        async with durable() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a", "b"], key="order-1")
            await handle(subscription, 1)

        async with durable() as bus, subscribed(bus) as subscription:
            assert await handle(subscription, 1) == ["b"]
            assert await nothing_comes(subscription)

    async def test_failures_are_remembered(self, durable: BusFactory) -> None:
        async with durable() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await subscription.settle([again(each) for each in await take(subscription, 1)])

        async with durable() as bus, subscribed(bus) as subscription:
            [delivery] = await take(subscription, 1)
            assert (name_of(delivery), delivery.attempt, delivery.failures) == ("a", 2, (failure(),))

    async def test_what_was_out_when_the_process_ended_comes_back(self, durable: BusFactory) -> None:
        async with durable(lease=SHORT) as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            await take(subscription, 1)

        async with durable(lease=SHORT) as bus, subscribed(bus) as subscription:
            [delivery] = await take(subscription, 1)
            assert (name_of(delivery), delivery.attempt, delivery.failures) == ("a", 2, ())

    async def test_dead_letters_are_kept_and_can_be_replayed(self, durable: BusFactory) -> None:
        async with durable() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            [delivery] = await take(subscription, 1)
            await subscription.settle([Dead(delivery, Reason.INVALID, failure())])
            [letter] = await bus.dead_letters.list()

        async with durable() as bus, subscribed(bus) as subscription:
            assert list(await bus.dead_letters.list()) == [letter]
            await bus.dead_letters.replay([letter.id])
            assert await handle(subscription, 1) == ["a"]

    async def test_one_process_gets_what_another_one_publishes(self, shared: BusFactory) -> None:
        async with shared() as here, shared() as there, subscribed(there) as subscription:
            waiting = asyncio.create_task(take(subscription, 1))
            await asyncio.sleep(0.05)
            await publish(here, ["a"])

            assert names_of(await waiting) == ["a"]

    async def test_instances_in_two_processes_share_the_events(self, shared: BusFactory) -> None:
        async with (
            shared(lease=LONG) as one,
            shared(lease=LONG) as two,
            subscribed(one) as first,
            subscribed(two) as second,
        ):
            await publish(one, "abcd")

            assert sorted(await handle_by([first, second], 4)) == ["a", "b", "c", "d"]

    async def test_order_holds_between_processes(self, shared: BusFactory) -> None:
        async with (
            shared(lease=LONG) as one,
            shared(lease=LONG) as two,
            subscribed(one) as first,
            subscribed(two) as second,
        ):
            await publish(one, ["a"], key="order-1")
            instance, a = await take_one_of([first, second])
            await publish(two, ["b"], key="order-1")

            assert await nothing_comes(first, second)
            waiting = asyncio.create_task(take_one_of([first, second]))
            await instance.settle([Done(a)])
            _, b = await waiting
            assert name_of(b) == "b"
