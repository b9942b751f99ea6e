"""`memory://`: the promises of every bus, and its own."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Any

import pytest

from eventkit import BusError, Event, PublishError, Service, connect
from eventkit.delivery.subscription import Dead, Done, Reason, Subscription
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import (
    BusFactory,
    again,
    failure,
    handle,
    names_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.delivery.running import until


class OrderCreated(Event, type="order.created"):
    order_id: str


class TestConformance(BusConformance):
    @pytest.fixture
    def bus_factory(self) -> BusFactory:
        return functools.partial(connect, "memory://")


async def done(subscription: Subscription, count: int) -> None:
    await subscription.settle([Done(each) for each in await take(subscription, count)])


async def blocked(task: asyncio.Task[Any]) -> bool:
    """Tell whether a task is still waiting after everybody had some turns."""
    for _ in range(20):
        await asyncio.sleep(0)
    return not task.done()


class TestBackPressure:
    async def test_publishing_waits_for_room_and_goes_on_in_order(self) -> None:
        async with connect("memory://", capacity=3) as bus, subscribed(bus) as subscription:
            await publish(bus, "abc")
            waiting = [asyncio.create_task(publish(bus, name)) for name in "de"]
            assert await blocked(waiting[0])

            await done(subscription, 1)
            await waiting[0]
            assert await blocked(waiting[1])
            await done(subscription, 1)
            await waiting[1]

            assert names_of(await take(subscription, 3)) == ["c", "d", "e"]

    async def test_what_is_out_takes_room_until_it_is_settled(self) -> None:
        async with connect("memory://", capacity=1) as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            [delivery] = await take(subscription, 1)
            waiting = asyncio.create_task(publish(bus, "b"))
            assert await blocked(waiting)
            await subscription.settle([Dead(delivery, Reason.FAILED, failure())])
            await waiting

    async def test_the_group_that_is_full_holds_up_all(self) -> None:
        async with (
            connect("memory://", capacity=1) as bus,
            subscribed(bus, "payment_service") as payment,
            subscribed(bus, "product_service") as product,
        ):
            await publish(bus, "a")
            waiting = asyncio.create_task(publish(bus, "b"))
            await done(payment, 1)
            assert await blocked(waiting)
            await done(product, 1)
            await waiting

    async def test_a_publisher_that_gives_up_waiting_lets_the_next_one_in(self) -> None:
        async with connect("memory://", capacity=1) as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            first, second = (asyncio.create_task(publish(bus, name)) for name in "bc")
            assert await blocked(second)
            await done(subscription, 1)  # wakes the first
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await second

            assert names_of(await take(subscription, 1)) == ["c"]

    async def test_a_publisher_that_waits_for_another_group_keeps_nobodys_turn(self) -> None:
        async with (
            connect("memory://", capacity=1) as bus,
            subscribed(bus, "payment_service", ("order.created", "user.deleted")) as payment,
            subscribed(bus, "product_service", ("order.created",)) as product,
        ):
            await publish(bus, "a")
            for_both = asyncio.create_task(publish(bus, "b"))
            for_one = asyncio.create_task(publish(bus, "c", type="user.deleted"))
            assert await blocked(for_one)
            await done(payment, 1)
            await for_one
            assert await blocked(for_both)
            await done(product, 1)
            await done(payment, 1)
            await for_both

    async def test_a_handler_never_waits_for_itself(self) -> None:
        service, seen = Service("payment_service"), []

        @service.publisher
        async def publish_order_created(order_id: str) -> OrderCreated:
            return OrderCreated(order_id=order_id)

        @service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            seen.append(event.order_id)
            if len(event.order_id) < 4:
                await publish_order_created(event.order_id + "l")
                await publish_order_created(event.order_id + "r")

        async with connect("memory://", capacity=1, concurrency=1) as bus, service.run(bus):
            await publish_order_created("-")
            await until(lambda: len(seen) == 15)
        assert len(set(seen)) == 15

    async def test_where_nobody_takes_events_publishing_says_so_and_does_not_wait(self) -> None:
        async with connect("memory://", capacity=2) as bus:
            async with subscribed(bus) as subscription:
                await publish(bus, "ab")
                waiting = asyncio.create_task(publish(bus, "c"))
                assert await blocked(waiting)
            with pytest.raises(PublishError, match="2 events wait for payment_service, and no instance of it runs"):
                await waiting

            async with subscribed(bus) as subscription:
                assert await handle(subscription, 2) == ["a", "b"]
                await publish(bus, "c")
                assert await handle(subscription, 1) == ["c"]

    async def test_closing_the_bus_ends_the_wait_for_room(self) -> None:
        async with connect("memory://", capacity=1) as bus:
            await bus.subscribe("payment_service", ["order.created"])
            await publish(bus, "a")
            waiting = asyncio.create_task(publish(bus, "b"))
            assert await blocked(waiting)
        with pytest.raises(PublishError, match="not open"):
            await waiting


class TestHistory:
    async def test_the_newest_events_are_kept_for_groups_that_come_later(self) -> None:
        async with connect("memory://", history=2) as bus:
            await publish(bus, "abc")
            async with subscribed(bus) as subscription:
                assert await handle(subscription, 2) == ["b", "c"]

    async def test_none_are_kept_with_a_history_of_zero(self) -> None:
        async with connect("memory://", history=0) as bus:
            await publish(bus, "ab")
            async with subscribed(bus) as subscription:
                assert await nothing_comes(subscription)


class TestLeases:
    async def test_a_blocked_event_loop_costs_nobody_the_lease(self) -> None:
        """Who would have renewed it was blocked, too."""
        async with connect("memory://", lease=0.2) as bus, subscribed(bus) as slow, subscribed(bus) as other:
            await publish(bus, "a")
            [delivery] = await take(slow, 1)
            waiting = asyncio.create_task(take(other, 1))
            await asyncio.sleep(0)
            time.sleep(0.5)  # noqa: ASYNC251 - that is the point
            await asyncio.sleep(0)
            await slow.settle([Done(delivery)])
            await publish(bus, "b")

            assert names_of(await waiting) == ["b"]


class TestEventLoops:
    def test_a_bus_is_used_in_the_loop_in_which_it_was_opened(self) -> None:
        bus = connect("memory://")
        asyncio.run(bus.open())

        with pytest.raises(PublishError, match="opened in another event loop"):
            asyncio.run(publish(bus, "a"))
        with pytest.raises(BusError, match="opened in another event loop"):
            asyncio.run(bus.subscribe("payment_service", ["order.created"]))

    def test_it_can_be_opened_again_in_another_loop_and_is_empty_then(self) -> None:
        bus = connect("memory://")

        async def use(name: str) -> None:
            async with bus, subscribed(bus) as subscription:
                await publish(bus, name)
                [delivery] = await take(subscription, 1)
                await subscription.settle([again(delivery, after=0.01)])
                assert await handle(subscription, 1) == [name]

        asyncio.run(use("a"))
        asyncio.run(use("b"))

    async def test_each_connection_is_a_bus_of_its_own(self) -> None:
        async with connect("memory://") as one, connect("memory://") as other, subscribed(other) as subscription:
            await publish(one, "a")
            assert await nothing_comes(subscription)
