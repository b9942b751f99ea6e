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
    name_of,
    names_of,
    nothing_comes,
    publish,
    subscribed,
    take,
    take_some,
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
            [a] = await take(first, 1)
            await publish(bus, ["b"], key="order-1")
            await publish(bus, ["other"], key="order-2")

            assert await handle(second, 1) == ["other"]
            assert await nothing_comes(second)
            assert await nothing_comes(first)
            await first.settle([Done(a)])
            assert await handle(second, 1) == ["b"]

    async def test_a_failed_event_holds_back_those_behind_it(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")
            deliveries = await take_some(first, 3)
            await first.settle([again(deliveries[0], after=0.3), *(Released(each) for each in deliveries[1:])])
            await publish(bus, ["d"], key="order-1")
            await publish(bus, ["other"], key="order-2")

            assert await handle(second, 1) == ["other"]
            assert await handle(second, 4) == ["a", "b", "c", "d"]

    async def test_what_a_dead_instance_had_comes_back_in_order(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=SHORT) as bus, subscribed(bus) as killed, subscribed(bus) as other:
            await publish(bus, "abcd", key="order-1")
            taken = await take_some(killed, 3)
            await killed.settle([Done(taken[0])])

            assert await handle(other, 3) == ["b", "c", "d"]

    async def test_what_is_released_keeps_its_place(self, bus_factory: BusFactory) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc", key="order-1")
            taken = await take_some(first, 2)
            await publish(bus, ["d"], key="order-1")
            await first.settle([Released(each) for each in reversed(taken)])

            assert await handle(second, 4) == ["a", "b", "c", "d"]

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
                await _handle_some(chance.choice([first, second, third]), waiting, chance)

            assert await nothing_comes(first)


async def _handle_some(subscription: Subscription, waiting: dict[str, list[str]], chance: random.Random) -> None:
    """Handle a batch as a worker would; each event has to be the next one of its key."""
    failed: set[str] = set()
    outcomes: list[Outcome] = []
    for delivery in await take_some(subscription, chance.randint(1, 20)):
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
