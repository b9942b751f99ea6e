"""Events with one key, one after the other, in the order in which they were published."""

from __future__ import annotations

import random

import pytest

from eventkit.delivery.subscription import Dead, Done, Outcome, Reason, Released, Subscription
from eventkit.testing.conformance.support import (
    LONG,
    SHORT,
    BusFactory,
    again,
    event,
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
    take_some,
    take_some_of,
)


@pytest.mark.asyncio
class OrderConformance:
    """Order per key: across instances, failures and crashes."""

    async def test_events_of_a_key_come_in_order(self, bus_factory: BusFactory) -> None:
        names = [f"event-{number}" for number in range(60)]
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, names, key="order-1")

            assert await handle(subscription, len(names)) == names

    async def test_a_key_is_out_at_one_instance_at_a_time(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, ["a"], key="order-1")
            instance, a = await take_one_of([first, second])
            await publish(bus, ["b"], key="order-1")
            await publish(bus, ["other"], key="order-2")

            assert await handle_by([first, second], 1) == ["other"]
            assert await nothing_comes(first, second)
            await instance.settle([Done(a)])
            assert await handle_by([first, second], 1) == ["b"]

    async def test_any_instance_takes_a_key_that_is_not_out(self, bus_factory: BusFactory) -> None:
        if bus_factory().capabilities.partitioned:
            pytest.skip("on this bus, a key stays with one instance")
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")

            assert [name for each in (first, second, first) for name in await handle(each, 1)] == ["a", "b", "c"]

    async def test_the_keys_of_an_instance_that_leaves_go_to_the_others(self, bus_factory: BusFactory) -> None:
        keys = [f"order-{number}" for number in range(20)]
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as stays:
            async with subscribed(bus) as leaves:
                for key in keys:
                    await publish(bus, [f"{key}:1"], key=key)
                assert sorted(await handle_by([stays, leaves], 20)) == sorted(f"{key}:1" for key in keys)
            for key in keys:
                await publish(bus, [f"{key}:2"], key=key)

            assert sorted(await handle(stays, 20)) == sorted(f"{key}:2" for key in keys)

    async def test_a_failed_event_holds_back_those_behind_it(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")
            instance, deliveries = await take_some_of([first, second], 3)
            await publish(bus, ["d"], key="order-1")
            await publish(bus, ["other"], key="order-2")
            await instance.settle([again(deliveries[0], after=LONG), *(Released(each) for each in deliveries[1:])])

            assert await handle_by([first, second], 1) == ["other"]
            assert await nothing_comes(first, second)

    async def test_those_behind_a_failed_event_come_after_it(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")
            instance, deliveries = await take_some_of([first, second], 3)
            await publish(bus, ["d"], key="order-1")
            await instance.settle([again(deliveries[0], after=0.2), *(Released(each) for each in deliveries[1:])])

            assert await handle_by([first, second], 4) == ["a", "b", "c", "d"]

    async def test_what_a_dead_instance_had_comes_back_in_order(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=SHORT) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abcd", key="order-1")
            killed, taken = await take_some_of([first, second], 3)
            done = len(taken) - 1
            await killed.settle([Done(each) for each in taken[:done]])

            assert await handle(second if killed is first else first, 4 - done) == list("abcd")[done:]

    async def test_what_is_released_keeps_its_place(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")
            instance, taken = await take_some_of([first, second], 2)
            await publish(bus, ["d"], key="order-1")
            await instance.settle([Released(each) for each in reversed(taken)])

            assert await handle_by([first, second], 4) == ["a", "b", "c", "d"]

    async def test_a_dead_letter_lets_those_behind_it_pass(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, "ab", key="order-1")
            first, *rest = await take_some(subscription, 2)
            await subscription.settle([Dead(first, Reason.FAILED, failure()), *(Released(each) for each in rest)])

            assert await handle(subscription, 1) == ["b"]

    async def test_one_key_does_not_take_all_of_a_batch(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, [f"hot-{number}" for number in range(300)], key="hot")
            await publish(bus, ["other"], key="other")

            got: list[str] = []
            while "other" not in got:
                got += names_of(await take(subscription, 1))

            assert len(got) <= 100

    @pytest.mark.parametrize("seed", range(5))
    async def test_order_holds_whatever_instances_do(self, bus_factory: BusFactory, seed: int) -> None:
        """Three instances take, finish, fail, release and give up at random."""
        chance = random.Random(seed)  # noqa: S311 - a reproducible test
        keys = [f"order-{number}" for number in range(4)]
        waiting = {key: [f"{key}:{number}" for number in range(15)] for key in keys}
        async with (
            bus_factory(lease=LONG) as bus,
            subscribed(bus) as first,
            subscribed(bus) as second,
            subscribed(bus) as third,
        ):
            for number in range(15):
                for key in keys:
                    await bus.publish(event(f"{key}:{number}", key=key))
            while any(waiting.values()):
                await _handle_some([first, second, third], waiting, chance)

            assert await nothing_comes(first, second, third)


async def _handle_some(instances: list[Subscription], waiting: dict[str, list[str]], chance: random.Random) -> None:
    """Handle a batch as a worker would; each event has to be the next one of its key."""
    failed: set[str] = set()
    outcomes: list[Outcome] = []
    subscription, deliveries = await take_some_of(chance.sample(instances, 3), chance.randint(1, 20))
    for delivery in deliveries:
        key = name_of(delivery).partition(":")[0]
        if key in failed:
            outcomes.append(Released(delivery))
            continue
        assert name_of(delivery) == waiting[key][0]
        draw = chance.random()
        if draw < 0.2:
            failed.add(key)
            outcomes.append(again(delivery))
        else:
            waiting[key].pop(0)
            outcomes.append(Done(delivery) if draw < 0.9 else Dead(delivery, Reason.FAILED, failure()))
    middle = chance.randint(0, len(outcomes))
    await subscription.settle(outcomes[:middle])
    await subscription.settle(outcomes[middle:])
