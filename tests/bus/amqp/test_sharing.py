"""Instances come and go: each partition has one reader, and its events stay in order."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from eventkit.bus.amqp import newer
from eventkit.bus.amqp.presence import Presence
from eventkit.bus.amqp.subscription import AMQPSubscription
from eventkit.contract.envelope import Envelope
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Done, Reason
from eventkit.testing.conformance.support import (
    LONG,
    event,
    handle,
    name_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.bus.amqp import actors
from tests.bus.amqp.actors import OrderCreated
from tests.bus.amqp.support import Broker, until
from tests.bus.processes import kill, running


def order(key: str, number: int) -> Envelope:
    return Envelope.of(OrderCreated(order_id=key, number=number), source="order_service")


def written(path: Path) -> list[tuple[str, int, int]]:
    """Return what was handled, in order: key, number and process."""
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text().splitlines())
    return [(key, int(number), int(process)) for key, number, process in lines]


def in_order(handled: list[tuple[str, int]]) -> bool:
    """Tell whether each key's events were handled in order, repetitions aside."""
    numbers: defaultdict[str, dict[int, None]] = defaultdict(dict)
    for key, number in handled:
        numbers[key][number] = None
    return all(list(each) == sorted(each) for each in numbers.values())


async def handle_all(subscription: AMQPSubscription, names: list[str]) -> None:
    while not subscription.closed:
        for delivery in await subscription.receive(10):
            names.append(name_of(delivery))
            await subscription.settle([Done(delivery)])


async def test_instances_share_the_partitions(broker: Broker) -> None:
    async with broker.connect(lease=LONG) as one, broker.connect(lease=LONG) as two:
        first = await one.subscribe("payment_service", ["order.created"])
        second = await two.subscribe("payment_service", ["order.created"])
        names: list[str] = []
        handling = [asyncio.create_task(handle_all(each, names)) for each in (first, second)]

        async def shared() -> bool:
            await publish(one, [f"event-{random.random()}" for _ in range(20)])
            return len(first.owned) == len(second.owned) == 2

        await until(shared)
        assert first.owned | second.owned == {0, 1, 2, 3}
        await second.close()

        async def taken_over() -> bool:
            await publish(one, [f"event-{random.random()}" for _ in range(20)])
            return len(first.owned) == 4

        await until(taken_over)
        for each in handling:
            each.cancel()
        await asyncio.gather(*handling, return_exceptions=True)


@pytest.mark.slow
async def test_order_holds_and_nothing_is_lost_while_instances_come_and_go(broker: Broker) -> None:
    chance = random.Random(7)
    keys, count = [f"order-{number}" for number in range(12)], 60
    handled: list[tuple[str, int]] = []
    running_now: set[str] = set()

    def service() -> Service:
        payment = Service("payment_service")

        @payment.handler(retry=Retry(attempts=50, delay=0.001))
        async def handle_order_created(event: OrderCreated) -> None:
            assert event.order_id not in running_now, "two of a key at once"
            running_now.add(event.order_id)
            try:
                await asyncio.sleep(chance.random() * 0.004)
                if chance.random() < 0.05:
                    raise ValueError("not yet")
                handled.append((event.order_id, event.number))
            finally:
                running_now.remove(event.order_id)

        return payment

    async def come_and_go() -> None:
        while True:
            async with broker.connect() as bus, service().run(bus):
                await asyncio.sleep(0.2 + chance.random() * 0.8)

    async with broker.connect() as bus, service().run(bus):
        others = [asyncio.create_task(come_and_go()) for _ in range(3)]
        for number in range(count):
            await asyncio.gather(*(bus.publish(order(key, number)) for key in keys))
            await asyncio.sleep(0.05)
        await until(lambda: len(set(handled)) == len(keys) * count, 60)
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        assert list(await bus.dead_letters.list()) == []

    assert in_order(handled)
    assert len(handled) == len(set(handled)), "handled twice, though nobody was killed"


@pytest.mark.slow
async def test_what_a_killed_process_had_goes_to_the_others_in_order(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "handled"
    keys, count = [f"order-{number}" for number in range(8)], 40
    with running() as start:
        processes = [start(actors.handle_orders, broker.url, broker.prefix, str(path), 0.005) for _ in range(2)]
        async with broker.connect() as bus:
            async with subscribed(bus):  # from here on, nothing is unrouted
                pass
            for number in range(count):
                await asyncio.gather(*(bus.publish(order(key, number)) for key in keys))
                if number % 10 == 5:
                    await until(lambda: bool(written(path)))
                    await asyncio.to_thread(kill, processes.pop(0))
                    processes.append(start(actors.handle_orders, broker.url, broker.prefix, str(path), 0.005))
            await until(lambda: len({(key, n) for key, n, _ in written(path)}) == len(keys) * count, 60)

    assert in_order([(key, number) for key, number, _ in written(path)])


@pytest.mark.slow
async def test_survivors_take_over_within_seconds_of_a_kill(broker: Broker, tmp_path: Path) -> None:
    with running() as start:
        killed = start(actors.handle_orders, broker.url, broker.prefix, str(tmp_path / "killed"), 0.0)
        async with broker.connect() as bus, subscribed(bus) as survivor:
            assert isinstance(survivor, AMQPSubscription)
            names: list[str] = []
            handling = asyncio.create_task(handle_all(survivor, names))

            async def shared() -> bool:
                await asyncio.gather(*(bus.publish(order(f"order-{n}", 0)) for n in range(16)))
                return bool(written(tmp_path / "killed"))

            await until(shared)
            await asyncio.to_thread(kill, killed)
            begun = time.monotonic()
            await publish(bus, [f"late-{number}" for number in range(16)])
            await until(lambda: sum(name.startswith("late-") for name in names) == 16)
            assert time.monotonic() - begun < 10
            handling.cancel()
            await asyncio.gather(handling, return_exceptions=True)


@pytest.mark.slow
async def test_an_event_that_ends_processes_becomes_a_dead_letter_and_its_neighbours_do_not(
    broker: Broker, tmp_path: Path
) -> None:
    path, count, poison = tmp_path / "handled", 40, 20
    async with broker.connect(partitions=1) as bus:
        async with subscribed(bus):
            pass
        for number in range(count):
            await bus.publish(order(f"order-{number}", number))
        with running() as start:
            process = start(actors.handle_or_die, broker.url, broker.prefix, str(path), poison)

            async def finished() -> bool:
                nonlocal process
                if not process.is_alive():
                    process = start(actors.handle_or_die, broker.url, broker.prefix, str(path), poison)
                return len({number for _, number, _ in written(path)}) == count - 1

            await until(finished, 120)  # some processes have to start, one after the other
            await until(lambda: there_are_dead_letters(bus))

        [letter] = await bus.dead_letters.list()
        assert letter.reason is Reason.CRASHED
        assert b'"number":20' in letter.body.replace(b" ", b"")


async def test_events_of_a_new_type_go_to_instances_that_handle_it(broker: Broker) -> None:
    """While a version with one more handler replaces the one without."""
    async with (
        broker.connect(lease=LONG) as old,
        broker.connect(lease=LONG) as new,
        subscribed(old) as without,
        subscribed(new, types=("order.created", "order.canceled")) as with_it,
    ):
        assert isinstance(without, AMQPSubscription)
        presence = without._presence
        assert isinstance(presence, Presence)
        await until(lambda: presence.name not in presence.members)
        await publish(new, [f"canceled-{number}" for number in range(8)], type="order.canceled")

        got = await take(with_it, 8)

        assert len(got) == 8


async def test_a_replayed_dead_letter_goes_to_the_partition_of_its_key(broker: Broker) -> None:
    from eventkit.delivery.subscription import Dead
    from eventkit.testing.conformance.support import failure

    async with broker.connect(lease=LONG) as bus, subscribed(bus) as subscription:
        await bus.publish(event("a", key="order-1"))
        [a] = await take(subscription, 1)
        partition = a.partition  # type: ignore[attr-defined]
        await subscription.settle([Dead(a, Reason.FAILED, failure())])
        await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()])

        [again] = await take(subscription, 1)
        assert again.partition == partition  # type: ignore[attr-defined]


async def there_are_dead_letters(bus: object) -> bool:
    return bool(await bus.dead_letters.list())  # type: ignore[attr-defined]


RENAMED = "order.renamed"


async def bind_renamed(broker: Broker) -> None:
    """Bind a new type to a group's queue, as an instance of a new version does before the others hear of it."""
    async with broker.channel() as channel:
        for slot in range(16):
            await channel.queue_bind(
                f"{broker.prefix}payment_service", f"{broker.prefix}order.groups", f"{RENAMED}.{slot}"
            )


async def test_events_of_a_new_type_and_what_follows_them_wait_for_the_new_version(broker: Broker) -> None:
    async with (
        broker.connect(lease=LONG, partitions=1) as bus,
        broker.connect(lease=LONG, partitions=1) as other,
        subscribed(bus) as old,
    ):
        await publish(bus, "a", key="order-1")
        assert await handle(old, 1) == ["a"]
        await bind_renamed(broker)
        await publish(bus, "b", key="order-1", type=RENAMED)
        await publish(bus, "c", key="order-1")
        await publish(bus, "d", key="order-2")

        assert await handle(old, 1) == ["d"]
        assert await nothing_comes(old)
        async with subscribed(other, types=("order.created", RENAMED)) as new:
            deliveries = await take(new, 2)
            assert [(name_of(each), each.attempt) for each in deliveries] == [("b", 1), ("c", 1)]
            await new.settle([Done(each) for each in deliveries])
        assert await nothing_comes(old)


async def test_events_of_a_type_that_nobody_comes_for_are_handed_out_in_order(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus, subscribed(bus) as subscription:
        await bind_renamed(broker)
        await publish(bus, "a", key="order-1", type=RENAMED)
        await publish(bus, "b", key="order-1")
        assert await handle(subscription, 2) == ["a", "b"]

        monkeypatch.setattr(newer, "_COMES_WITHIN", LONG)  # and nothing more of the type waits
        await publish(bus, "c", key="order-1", type=RENAMED)
        await publish(bus, "d", key="order-1")
        assert await handle(subscription, 2) == ["c", "d"]
