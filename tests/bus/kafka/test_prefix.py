"""Environments on one cluster, whose prefixes begin alike: each sees what is its own.

That is the same whether the one has no prefix or one that begins the other's.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from eventkit import connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.support import PATIENCE, event, failure, publish, subscribed, take
from tests.bus.kafka.test_topology import make
from tests.servers.kafka_broker import Broker


async def give_up_one_of_two(bus: Bus) -> str:
    """Leave one event of a service as a dead letter and one waiting; return the letter's id."""
    await publish(bus, ["dead", "waiting"], key="order-1")
    async with subscribed(bus) as subscription:
        [delivery] = await take(subscription, 1)
        await subscription.settle([Dead(delivery, Reason.FAILED, failure())])
    [letter] = await bus.dead_letters.list()
    return letter.id


async def lag_of(bus: Bus) -> list[tuple[str, int, int]]:
    return [(each.group, each.waiting, each.dead) for each in await bus.lag()]


async def test_groups_and_dead_letters_of_a_longer_prefix_are_somebody_elses(broker: Broker, prefix: str) -> None:
    async with (
        connect(broker.url, prefix=f"{prefix}ts-", partitions=1) as longer,
        connect(broker.url, prefix=prefix, partitions=1) as shorter,
    ):
        id = await give_up_one_of_two(longer)

        assert await lag_of(shorter) == []
        assert await shorter.dead_letters.list() == []
        assert await shorter.dead_letters.list(group="ts-payment_service") == []
        assert await shorter.dead_letters.drop([id, f"ts-{id}"]) == 0
        assert await lag_of(longer) == [("payment_service", 1, 1)]

        assert await longer.dead_letters.replay([id]) == 1
        assert await lag_of(shorter) == []
        assert await lag_of(longer) == [("payment_service", 2, 0)]

        own = await give_up_one_of_two(shorter)
        assert [each.id for each in await shorter.dead_letters.list()] == [own]
        assert await lag_of(shorter) == [("payment_service", 1, 1)]
        assert await lag_of(longer) == [("payment_service", 2, 0)]


async def test_a_service_may_be_called_like_another_one_behind_another_prefix(broker: Broker, prefix: str) -> None:
    async with connect(broker.url, prefix=prefix, partitions=1) as bus:
        await publish(bus, ["a"])
        async with subscribed(bus, "ts-payment_service"):
            pass

        assert await lag_of(bus) == [("ts-payment_service", 1, 0)]


async def test_who_looks_on_sees_no_events_of_a_longer_prefix(broker: Broker, prefix: str) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    async with connect(broker.url, prefix=f"{prefix}ts-") as longer, connect(broker.url, prefix=prefix) as shorter:
        await longer.publish(event("theirs"))
        await shorter.publish(event("ours"))

        async with aclosing(shorter.follow(since=since)) as events, asyncio.timeout(PATIENCE):
            first = await anext(events)
    assert isinstance(first, Envelope)
    assert first.id == "ours"


async def test_a_group_that_was_written_down_without_its_name_is_taken_for_this_bus(
    broker: Broker, prefix: str
) -> None:
    await make(broker, f"{prefix}order", 1)
    await make(broker, f"{prefix}payment_service.dead", 1)
    producer = AIOKafkaProducer(bootstrap_servers=broker.servers)
    await producer.start()
    await producer.send_and_wait(f"{prefix}payment_service.dead", b'["order"]', key=b"eventkit-domains")
    await producer.stop()

    async with connect(broker.url, prefix=prefix) as bus:
        assert await lag_of(bus) == [("payment_service", 0, 0)]


async def test_lag_counts_in_streams_whose_names_it_was_not_given(broker: Broker, prefix: str) -> None:
    async with connect(broker.url, prefix=prefix, streams={"order": "Sales-EU"}) as bus:
        await publish(bus, ["a"])
        async with subscribed(bus):
            pass

    async with connect(broker.url, prefix=prefix) as bus:
        assert [(each.domain, each.waiting) for each in await bus.lag()] == [("Sales-EU", 1)]
