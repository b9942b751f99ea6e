"""The topics: made where they are missing, respected where they are there, told where they contradict the settings."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.testing.conformance.support import event, handle, subscribed
from tests.servers.kafka_broker import Broker


async def make(broker: Broker, topic: str, partitions: int, **config: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await admin.start()
    configs = {name.replace("_", "."): value for name, value in config.items()}
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
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
    async with connect(broker.url, prefix=prefix) as bus:
        for number in range(10):
            await bus.publish(event(f"event-{number}", key=f"order-{number}"))
        subscription = await bus.subscribe("payment_service", ["order.created"])
        assert len(await handle(subscription, 10)) == 10
        assert subscription.owned == {0, 1}
        await subscription.close()

    assert await partitions_of(broker, f"{prefix}order") == 2


async def test_those_who_publish_first_and_at_once_ask_once_which_topics_there_are(
    broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    start = AIOKafkaAdminClient.start

    async def noted(client: AIOKafkaAdminClient) -> None:
        asked.append(client)
        await start(client)

    monkeypatch.setattr(AIOKafkaAdminClient, "start", noted)
    async with connect(broker.url, prefix=prefix) as bus:
        await asyncio.gather(*(bus.publish(event(f"event-{number}")) for number in range(64)))

    assert len(asked) == 1


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


WEEK = str(7 * 86_400_000)


@pytest.mark.parametrize("create", [True, False])
async def test_a_topic_that_contradicts_settings_is_an_error_at_start_with_all_differences(
    broker: Broker, prefix: str, create: bool
) -> None:
    await make(broker, f"{prefix}order", 4, retention_ms=WEEK)
    settings = {"partitions": 5, "replication": 3, "retention": 30, "create": create}
    async with connect(broker.url, prefix=prefix, **settings) as bus:
        with pytest.raises(ConfigurationError) as at_start:
            await bus.subscribe("payment_service", ["order.created"])
        # Who only publishes hears of it with the first event, when the topic is used first.
        with pytest.raises(PublishError) as first_event:
            await bus.publish(event("a"))

    for told in (str(at_start.value), str(first_event.value)):
        assert f"the topic {prefix}order has 4 partitions, not 5" in told
        assert f"the topic {prefix}order has 1 replicas, not 3" in told
        assert f"the topic {prefix}order keeps events for 7 days, not for 30 days" in told
        assert "leave `partitions` out or give 4" in told
        assert f"--entity-name {prefix}order --add-config retention.ms={30 * 86_400_000}" in told
    assert await partitions_of(broker, f"{prefix}order") == 4


async def test_a_topic_that_agrees_with_the_settings_is_used(broker: Broker, prefix: str) -> None:
    await make(broker, f"{prefix}order", 4, retention_ms=WEEK)
    async with connect(broker.url, prefix=prefix, partitions=4, replication=1, retention=7) as bus:
        await bus.publish(event("a"))
        async with subscribed(bus) as subscription:
            assert await handle(subscription, 1) == ["a"]


async def test_settings_that_were_not_given_contradict_no_topic(broker: Broker, prefix: str) -> None:
    await make(broker, f"{prefix}order", 3, retention_ms="1000000")
    async with connect(broker.url, prefix=prefix) as bus:
        await bus.publish(event("a"))


async def test_a_topic_that_is_changed_stops_no_service_that_runs(broker: Broker, prefix: str) -> None:
    async with connect(broker.url, prefix=prefix, partitions=2) as bus:
        await (await bus.subscribe("payment_service", ["order.created"])).close()
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
        await admin.start()
        await admin.delete_topics([f"{prefix}order"])
        await admin.close()
        await make(broker, f"{prefix}order", 1)

        await (await bus.subscribe("payment_service", ["order.created"])).close()


async def test_what_a_broker_does_not_tell_of_a_topic_is_warned_of(
    broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    await make(broker, f"{prefix}order", 3)  # tansu tells only what was given when the topic was made
    with caplog.at_level(logging.WARNING, "eventkit.bus.kafka"):
        async with connect(broker.url, prefix=prefix, retention=30) as bus:
            await bus.publish(event("a"))
            await bus.publish(event("b"))

    assert [each.message for each in caplog.records] == [
        f"nobody knows whether {prefix}order keeps events as long as `retention` says: the brokers do not tell; give "
        "the user the right DescribeConfigs on it, where Kafka asks for rights"
    ]


async def test_a_topic_that_removes_dead_letters_is_told(broker: Broker, prefix: str) -> None:
    dead = f"{prefix}payment_service.dead"
    await make(broker, dead, 8, cleanup_policy="delete", retention_ms=WEEK)
    async with connect(broker.url, prefix=prefix) as bus:
        with pytest.raises(ConfigurationError, match=f"the topic {dead} removes dead letters after 7 days") as caught:
            await bus.subscribe("payment_service", ["order.created"])
    assert f"--entity-name {dead} --add-config cleanup.policy=compact" in str(caught.value)


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
async def test_a_topic_that_removes_events_that_are_not_the_newest_of_their_key_is_told(
    broker: Broker, prefix: str, policy: str
) -> None:
    await make(broker, f"{prefix}order", 4, cleanup_policy=policy)
    async with connect(broker.url, prefix=prefix) as bus:
        with pytest.raises(ConfigurationError) as at_start:
            await bus.subscribe("payment_service", ["order.created"])
        with pytest.raises(PublishError) as first_event:
            await bus.publish(event("a"))

    for told in (str(at_start.value), str(first_event.value)):
        assert f"the topic {prefix}order removes each event when a newer one of its key is there" in told
        assert f"(cleanup.policy={policy})" in told
        assert f"--entity-name {prefix}order --add-config cleanup.policy=delete" in told
