"""Dead letters that are larger than their topic takes: shortened, and where that is not enough, kept until it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from eventkit import Envelope, connect
from eventkit.bus.protocol import Bus, DeadLetter
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Failure, Reason
from eventkit.testing.conformance.support import PATIENCE, event, handle, name_of, take
from tests.servers.kafka_broker import Broker

pytestmark = pytest.mark.slow

SIZE = 50_000


def large(name: str) -> Envelope:
    return Envelope(id=name, source="shop", type="order.created", key=name, data=b'"%b"' % (b"x" * SIZE))


def given_up(delivery: Delivery) -> Dead:
    return Dead(delivery, Reason.FAILED, Failure(datetime.now(UTC), "ValueError: " + "y" * 1_900))


async def letters_of(bus: Bus, count: int) -> Sequence[DeadLetter]:
    async with asyncio.timeout(2 * PATIENCE):
        while len(found := await bus.dead_letters.list()) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.2)
    return found


async def test_failures_are_shortened_where_there_is_no_room_for_all_and_the_event_is_kept_whole(
    own_broker: Broker, prefix: str
) -> None:
    async with connect(own_broker.url, prefix=prefix) as bus:
        await bus.publish(large("a"))
        subscription = await bus.subscribe("payment_service", ["order.created"])
        [delivery] = await take(subscription, 1)
        await subscription.settle([Again(delivery, Failure(datetime.now(UTC), "OSError: " + "z" * 1_900), 0)])
        [delivery] = await take(subscription, 1)

        own_broker.gateway.largest = SIZE + 1_500
        await subscription.settle([given_up(delivery)])
        [letter] = await bus.dead_letters.list()
        await subscription.close()

    assert letter.body == large("a").data
    assert letter.reason is Reason.FAILED
    assert [each.error for each in letter.failures] == ["ValueError: " + "y" * 188 + "…"]


async def test_what_does_not_fit_at_all_waits_until_it_does_and_keeps_nothing_else_back(
    own_broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(own_broker.url, prefix=prefix, partitions=1, lease=6.0) as bus:
        for each in (large("a"), large("b"), event("c", key="order-1")):
            await bus.publish(each)
        subscription = await bus.subscribe("payment_service", ["order.created"])
        taken = {name_of(each): each for each in await take(subscription, 3)}

        own_broker.gateway.largest = 10_000
        with caplog.at_level(logging.WARNING, "eventkit.bus.kafka"):
            async with asyncio.timeout(PATIENCE):
                await subscription.settle([given_up(taken["a"]), given_up(taken["b"]), Done(taken["c"])])
            await bus.publish(event("d", key="order-2"))
            assert await handle(subscription, 1) == ["d"]
            # Longer than a lease: nobody else gets them meanwhile, and they are tried several times.
            await asyncio.sleep(8)
            assert await bus.dead_letters.list() == []
            assert subscription.owned == {0}
            [told] = [each.message for each in caplog.records if each.name == "eventkit.bus.kafka"]
            own_broker.gateway.largest = None
            letters = await letters_of(bus, 2)
        await subscription.close()

    assert f"the topic {prefix}payment_service.dead takes no dead letter of the size of order.created v1 a" in told
    assert "raise its max.message.bytes" in told
    assert sorted(each.headers["ce-id"] for each in letters) == ["a", "b"]
    assert {each.body for each in letters} == {large("a").data}
    assert len(letters[0].failures) == 1


async def test_an_instance_that_stops_hands_on_what_waits(own_broker: Broker, prefix: str) -> None:
    async with connect(own_broker.url, prefix=prefix, partitions=1) as bus:
        await bus.publish(large("a"))
        first = await bus.subscribe("payment_service", ["order.created"])
        [delivery] = await take(first, 1)
        own_broker.gateway.largest = 10_000
        await first.settle([given_up(delivery)])
        async with asyncio.timeout(PATIENCE):
            await first.close()

        own_broker.gateway.largest = None
        second = await bus.subscribe("payment_service", ["order.created"])
        [delivery] = await take(second, 1)
        await second.settle([given_up(delivery)])
        [letter] = await bus.dead_letters.list()
        await second.close()

    assert letter.body == large("a").data
