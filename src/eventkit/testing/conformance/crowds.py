"""Many at once: publishers, instances, groups, types, keys and failures."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack, suppress

import pytest

from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.contract.event import Event
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Done, Subscription
from eventkit.testing.conformance.support import (
    LONG,
    PATIENCE,
    BusFactory,
    again,
    event,
    name_of,
    subscribed,
    take,
)

CROWD = 2 * PATIENCE
"""Seconds for what is much work on a busy machine."""


class OrderChanged(Event, type="order.changed", key="order_id"):
    """What the services of a crowd handle."""

    order_id: str
    number: int


def names(count: int) -> list[str]:
    """Return as many names of events."""
    return [f"event-{number}" for number in range(count)]


async def publish_at_once(bus: Bus, envelopes: Iterable[Envelope], publishers: int) -> None:
    """Publish events by several publishers at once; those of a key by one, in their order."""
    lanes: list[list[Envelope]] = [[] for _ in range(publishers)]
    keys: dict[str, int] = {}
    for each in envelopes:
        lanes[keys.setdefault(each.key or each.id, len(keys)) % publishers].append(each)

    async def publish(lane: Sequence[Envelope]) -> None:
        for each in lane:
            await bus.publish(each)

    await asyncio.gather(*map(publish, lanes))


async def handle_all(instances: Collection[Subscription], wanted: Collection[str]) -> list[str]:
    """Let all instances of a group handle at once, until each wanted event was seen; return the names as they came."""
    missing, seen = set(wanted), list[str]()
    enough = asyncio.Event()

    async def work(instance: Subscription) -> None:
        while not enough.is_set():
            deliveries = await instance.receive(20)
            if not deliveries:
                return  # it was closed
            seen.extend(name_of(each) for each in deliveries)
            await instance.settle([Done(each) for each in deliveries])
            missing.difference_update(seen)
            if not missing:
                enough.set()

    workers = [asyncio.create_task(work(each)) for each in instances]
    try:
        async with asyncio.timeout(CROWD):
            await enough.wait()
    finally:
        for each in workers:
            each.cancel()
        for each in workers:
            with suppress(asyncio.CancelledError):
                await each
    return seen


@pytest.mark.asyncio
class CrowdConformance:
    """What holds for one holds for many."""

    async def test_many_events_arrive_each_with_its_own_data_and_attributes(self, bus_factory: BusFactory) -> None:
        sent = {
            name: Envelope(
                id=name,
                source="conformance",
                type="order.created",
                data=b'{"number":%d}' % number,
                extensions={"test": f"metadata-{number}"},
            )
            for number, name in enumerate(names(100))
        }
        got: dict[str, Envelope] = {}
        async with bus_factory(lease=LONG) as bus:
            for each in sent.values():
                await bus.publish(each)
            async with subscribed(bus) as subscription:
                for delivery in await take(subscription, len(sent)):
                    assert isinstance(delivery.message, Envelope)
                    got[delivery.message.id] = delivery.message

        assert got == sent

    async def test_fifty_instances_of_a_group_share_its_events(self, bus_factory: BusFactory) -> None:
        wanted = names(500)
        async with bus_factory(lease=LONG) as bus:
            await publish_at_once(bus, map(event, wanted), publishers=50)
            instances = await asyncio.gather(*(bus.subscribe("payment_service", ["order.created"]) for _ in range(50)))

            seen = await handle_all(instances, wanted)

            await asyncio.gather(*(each.close() for each in instances))

        assert Counter(seen) == Counter(wanted)

    async def test_many_domains_are_read_at_once(self, bus_factory: BusFactory) -> None:
        wanted = names(50)
        domains = [f"domain{number}" for number in range(20)]

        async def publish_and_handle(bus: Bus, domain: str) -> Counter[str]:
            for name in wanted:
                await bus.publish(event(f"{domain}:{name}", type=f"{domain}.happened"))
            async with subscribed(bus, f"{domain}_reader", (f"{domain}.happened",)) as subscription:
                return Counter(await handle_all([subscription], [f"{domain}:{name}" for name in wanted]))

        async with bus_factory(lease=LONG) as bus:
            seen = await asyncio.gather(*(publish_and_handle(bus, domain) for domain in domains))

        assert seen == [Counter(f"{domain}:{name}" for name in wanted) for domain in domains]

    async def test_a_storm_of_failures_loses_nothing(self, bus_factory: BusFactory) -> None:
        """Three instances that come, fail a hundred times, and leave."""
        wanted = names(50)
        async with bus_factory(lease=LONG) as bus:
            for name in wanted:
                await bus.publish(event(name))
            for _ in range(3):
                async with subscribed(bus) as failing:
                    for _ in range(100):
                        await failing.settle([again(each) for each in await take(failing, 1)])

            async with subscribed(bus) as subscription:
                assert Counter(await handle_all([subscription], wanted)) == Counter(wanted)

    async def test_nothing_is_lost_while_instances_come_and_go(self, bus_factory: BusFactory) -> None:
        wanted = names(200)
        seen: list[str] = []
        async with bus_factory(lease=LONG) as bus:
            await publish_at_once(bus, map(event, wanted), publishers=20)
            while len(seen) < len(wanted):
                async with subscribed(bus) as subscription:
                    for delivery in await take(subscription, min(40, len(wanted) - len(seen))):
                        await subscription.settle([Done(delivery)])
                        seen.append(name_of(delivery))

        assert Counter(seen) == Counter(wanted)

    async def test_instances_that_are_closed_at_once_disturb_nobody(self, bus_factory: BusFactory) -> None:
        wanted = names(50)
        # Who leaves while joining may look like one that died: the rest goes on when its lease has ended.
        async with bus_factory(lease=5.0) as bus:

            async def come_and_go() -> None:
                async with subscribed(bus):
                    pass

            await asyncio.gather(*(come_and_go() for _ in range(10)))
            for name in wanted:
                await bus.publish(event(name))
            async with subscribed(bus) as subscription:
                assert Counter(await handle_all([subscription], wanted)) == Counter(wanted)

    async def test_what_many_publishers_stored_before_the_bus_was_closed_is_there(
        self, bus_factory: BusFactory
    ) -> None:
        """On a bus that does not keep events, the group reads before the end."""
        wanted = names(500)
        durable = bus_factory().capabilities.durable
        async with bus_factory(lease=LONG) as bus:
            await publish_at_once(bus, map(event, wanted), publishers=20)
            if not durable:
                async with subscribed(bus) as subscription:
                    assert Counter(await handle_all([subscription], wanted)) == Counter(wanted)
        if durable:
            async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription:
                assert Counter(await handle_all([subscription], wanted)) == Counter(wanted)

    async def test_each_of_sixteen_keys_stays_in_order_with_ten_instances(self, bus_factory: BusFactory) -> None:
        keys = [f"order-{number}" for number in range(16)]
        wanted = {key: [f"{key}:{number}" for number in range(30)] for key in keys}
        async with bus_factory(lease=LONG) as bus, AsyncExitStack() as stack:
            for number in range(30):
                await asyncio.gather(*(bus.publish(event(f"{key}:{number}", key=key)) for key in keys))
            instances = [await stack.enter_async_context(subscribed(bus)) for _ in range(10)]

            seen = await handle_all(instances, [name for each in wanted.values() for name in each])

        assert {key: [name for name in seen if name.startswith(f"{key}:")] for key in keys} == wanted

    async def test_many_services_under_load_handle_all_in_order(self, bus_factory: BusFactory) -> None:
        """Five services of two instances each, whose handlers fail now and then, while ten publishers publish."""
        keys, each = [f"order-{number}" for number in range(20)], 10
        events = [OrderChanged(order_id=key, number=number) for number in range(each) for key in keys]
        seen: dict[str, list[tuple[str, int]]] = {}
        enough = asyncio.Event()
        chance = random.Random(7)  # noqa: S311 - a reproducible test

        def service(name: str) -> Service:
            made, own = Service(name), seen.setdefault(name, [])

            @made.handler(retry=Retry(attempts=1000, delay=0.001))
            async def handle_order_changed(event: OrderChanged) -> None:
                await asyncio.sleep(0)
                if chance.random() < 0.05:
                    raise ValueError("not yet")
                own.append((event.order_id, event.number))
                if all(len(set(found)) == len(events) for found in seen.values()):
                    enough.set()

            return made

        services = [service(f"reader{number}_service") for number in range(5)]
        async with bus_factory(lease=LONG) as bus, AsyncExitStack() as stack:
            for _ in range(2):
                for reader in services:
                    await stack.enter_async_context(bus.serve(reader, ()))
            await publish_at_once(bus, [Envelope.of(one, source="conformance") for one in events], publishers=10)
            async with asyncio.timeout(CROWD):
                await enough.wait()

        for found in seen.values():
            for key in keys:
                assert [number for order_id, number in found if order_id == key] == list(range(each))
