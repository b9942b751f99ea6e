"""The topics: made where they are missing, respected where they are there."""

from __future__ import annotations

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from eventkit import BusError, PublishError, connect
from eventkit.testing.conformance.support import event, handle
from tests.servers.kafka_broker import Broker


async def make(broker: Broker, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, partitions, 1)])
    await admin.close()


async def partitions_of(broker: Broker, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await admin.start()
    [found] = await admin.describe_topics([topic])
    await admin.close()
    return len(found["partitions"])


async def test_topics_are_made_as_the_settings_say(broker: Broker, prefix: str) -> None:
    async with connect(broker.url, prefix=prefix, partitions=3) as bus:
        await (await bus.subscribe("payment_service", ["order.created"])).close()

    assert await partitions_of(broker, f"{prefix}order") == 3
    assert await partitions_of(broker, f"{prefix}payment_service.dead") == 3


async def test_topics_that_are_there_keep_their_partitions(broker: Broker, prefix: str) -> None:
    await make(broker, f"{prefix}order", 2)
    async with connect(broker.url, prefix=prefix, partitions=5) as bus:
        for number in range(10):
            await bus.publish(event(f"event-{number}", key=f"order-{number}"))
        subscription = await bus.subscribe("payment_service", ["order.created"])
        assert len(await handle(subscription, 10)) == 10
        assert subscription.owned == {0, 1}
        await subscription.close()

    assert await partitions_of(broker, f"{prefix}order") == 2


async def test_a_missing_topic_is_named_where_none_may_be_made(broker: Broker, prefix: str) -> None:
    async with connect(broker.url, prefix=prefix, create=False) as bus:
        with pytest.raises(PublishError, match=f"there is no topic {prefix}order, and create=false"):
            await bus.publish(event("a"))
        with pytest.raises(BusError, match=f"there is no topic {prefix}order, and create=false"):
            await bus.subscribe("payment_service", ["order.created"])


async def test_a_topic_for_dead_letters_that_is_too_small_is_told(broker: Broker, prefix: str) -> None:
    await make(broker, f"{prefix}order", 4)
    await make(broker, f"{prefix}payment_service.dead", 1)
    async with connect(broker.url, prefix=prefix, create=False) as bus:
        with pytest.raises(BusError, match="has 1 partitions, and 4 are needed"):
            await bus.subscribe("payment_service", ["order.created"])
