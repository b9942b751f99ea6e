"""What a group takes over when it starts for the first time comes before what is published meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eventkit.bus.amqp import AMQPBus, topology
from eventkit.bus.amqp.errors import Missing, answered
from eventkit.bus.amqp.subscription import AMQPSubscription
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Done
from eventkit.testing.conformance.support import (
    LONG,
    SHORT,
    again,
    handle,
    handle_by,
    name_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.bus.amqp.support import Broker, until

Meanwhile = Callable[[Callable[[], Awaitable[object]]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done once, when the queues of a group are bound and nothing is taken over yet."""
    real = topology.take_over

    def do(action: Callable[[], Awaitable[object]]) -> None:
        left = [action]

        async def then_take_over(*arguments: Any) -> int:
            if left:
                await left.pop()()
            return await real(*arguments)

        monkeypatch.setattr(topology, "take_over", then_take_over)

    return do


async def has_past(broker: Broker) -> bool:
    try:
        async with broker.channel() as channel, answered(""):
            await channel.queue_declare(f"{broker.prefix}payment_service.0.past", passive=True)
    except Missing:
        return False
    return True


async def subscribe(bus: AMQPBus, *types: str) -> AMQPSubscription:
    return await bus.subscribe("payment_service", types or ["order.created"])


async def test_what_is_published_during_the_first_start_comes_after_what_waited(
    broker: Broker, meanwhile: Meanwhile
) -> None:
    async with broker.connect(lease=LONG) as bus:
        await publish(bus, "abc", key="order-1")
        meanwhile(lambda: publish(bus, "de", key="order-1"))

        async with subscribed(bus) as subscription:
            await publish(bus, "f", key="order-1")

            assert await handle(subscription, 6) == [*"abcdef"]


async def test_the_queue_of_the_past_is_deleted_when_all_of_it_is_settled(broker: Broker) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "ab")
        async with subscribed(bus) as subscription:
            [a, b] = await take(subscription, 2)
            await subscription.settle([Done(a)])
            assert await has_past(broker)
            await subscription.settle([Done(b)])

            async def is_deleted() -> bool:
                return not await has_past(broker)

            await until(is_deleted)
            await publish(bus, "c")
            assert await handle(subscription, 1) == ["c"]


async def test_a_failing_event_of_the_past_holds_back_its_key_and_nothing_else(broker: Broker) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "a", key="order-1")
        async with subscribed(bus) as subscription:
            await publish(bus, "b", key="order-1")
            await publish(bus, "c", key="order-2")
            [a] = await take(subscription, 1)
            await subscription.settle([again(a, after=LONG)])

            assert await handle(subscription, 1) == ["c"]
            assert await nothing_comes(subscription)


async def test_what_is_behind_a_failing_event_of_the_past_comes_after_it(broker: Broker) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "a", key="order-1")
        async with subscribed(bus) as subscription:
            await publish(bus, "b", key="order-1")
            [a] = await take(subscription, 1)
            await subscription.settle([again(a, after=0.2)])

            assert await handle(subscription, 2) == ["a", "b"]


async def test_an_instance_that_ends_in_the_middle_of_the_past_leaves_the_rest_to_the_next_one_in_order(
    broker: Broker, meanwhile: Meanwhile
) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "abc", key="order-1")
        meanwhile(lambda: publish(bus, "de", key="order-1"))
        first = broker.connect(lease=LONG, partitions=1)
        await first.open()
        subscription = await subscribe(first)
        assert await handle(subscription, 1) == ["a"]
        [b, *_] = await take(subscription, 1)
        assert name_of(b) == "b"
        await first.close()

        async with subscribed(bus) as other:
            assert await handle(other, 4) == [*"bcde"]


@pytest.mark.parametrize("steps", [1, 2, 5, 13, 34])
async def test_an_instance_whose_closing_is_cancelled_in_the_middle_of_the_past_leaves_it_to_the_next_one(
    broker: Broker, steps: int
) -> None:
    """As a worker cancels it, when its grace period ends. The connection stays."""
    async with broker.connect(lease=SHORT, partitions=1) as bus:
        await publish(bus, "a")
        first = await subscribe(bus)
        [a] = await take(first, 1)
        closing = asyncio.create_task(first.close())
        for _ in range(steps):
            await asyncio.sleep(0)
        closing.cancel()

        async with subscribed(bus) as other:
            [again_a] = await take(other, 1)
        assert (name_of(again_a), again_a.attempt) == (name_of(a), 2)


async def test_a_take_over_that_broke_off_is_finished_by_the_next_instance(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = topology.take_over

    async def break_off(*arguments: Any) -> int:
        await real(*arguments)
        raise BusError("the connection to RabbitMQ is gone", where="")

    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "abc", key="order-1")
        with monkeypatch.context() as patched:
            patched.setattr(topology, "take_over", break_off)
            with pytest.raises(BusError, match="is gone"):
                await subscribe(bus)
        await publish(bus, "de", key="order-1")

        async with subscribed(bus) as subscription:
            assert await handle(subscription, 5) == [*"abcde"]


async def test_instances_that_start_at_once_share_the_past_in_order(broker: Broker, meanwhile: Meanwhile) -> None:
    async with broker.connect(lease=LONG) as one, broker.connect(lease=LONG) as two:
        for number in range(10):
            await asyncio.gather(*(publish(one, [f"{number} {key}"], key=key) for key in "ABCDEFGH"))
        meanwhile(lambda: asyncio.gather(*(publish(one, [f"10 {key}"], key=key) for key in "ABCDEFGH")))

        instances = await asyncio.gather(subscribe(one), subscribe(two))
        handled = await handle_by(instances, 88)

        for key in "ABCDEFGH":
            numbers = [int(name.split()[0]) for name in handled if name.endswith(key)]
            assert numbers == list(range(11))


async def test_one_who_waits_for_its_turn_at_the_past_gets_it_at_the_partition(broker: Broker) -> None:
    """With one partition and two instances, one of them stands by."""
    async with broker.connect(lease=LONG, partitions=1) as one, broker.connect(lease=LONG, partitions=1) as two:
        await publish(one, "ab", key="order-1")
        first, second = await subscribe(one), await subscribe(two)
        assert sorted(await handle_by([first, second], 2)) == ["a", "b"]
        owner, other = (first, second) if first.owned else (second, first)
        await publish(one, "c", key="order-1")
        await owner.close()

        assert await handle(other, 1) == ["c"]


async def test_the_past_of_a_new_type_waits_until_instances_without_it_have_left(broker: Broker) -> None:
    async with broker.connect(lease=LONG, partitions=1) as old, broker.connect(lease=LONG, partitions=1) as new:
        without = await subscribe(old)
        await publish(old, ["created"], key="order-1")
        [created] = await take(without, 1)
        await publish(old, ["canceled"], type="order.canceled", key="order-1")
        with_it = await subscribe(new, "order.created", "order.canceled")

        assert await nothing_comes(with_it, seconds=0.5)
        await without.settle([Done(created)])

        assert await handle(with_it, 1) == ["canceled"]


async def test_what_waits_in_the_past_counts_as_waiting(broker: Broker) -> None:
    async with broker.connect(lease=LONG, partitions=1, prefetch=1) as bus:
        await publish(bus, "abc", key="order-1")
        subscription = await subscribe(bus)
        await subscription.close()

        async def all_wait() -> bool:  # the one that was read ahead, when the server has it again
            [lag] = await bus.lag()
            return lag.waiting == 3

        await until(all_wait)
