from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from eventkit import Envelope, RefusedError, connect
from eventkit.testing.conformance.support import event, handle, subscribed
from tests.servers.kafka_broker import Broker

pytestmark = pytest.mark.slow


async def test_a_key_goes_where_other_clients_put_it(broker: Broker, prefix: str) -> None:
    keys = [f"order-{number}" for number in range(20)]
    async with connect(broker.url, prefix=prefix) as bus:
        for key in keys:
            await bus.publish(event(key, key=key))
    theirs = AIOKafkaProducer(bootstrap_servers=broker.servers)
    await theirs.start()
    places = {key: (await theirs.send_and_wait(f"{prefix}order", b"{}", key=key.encode())).partition for key in keys}
    await theirs.stop()

    found = {}
    consumer = AIOKafkaConsumer(f"{prefix}order", bootstrap_servers=broker.servers, auto_offset_reset="earliest")
    await consumer.start()
    while len(found) < len(keys):
        record = await consumer.getone()
        if record.headers:
            found[record.key.decode()] = record.partition
    await consumer.stop()
    assert found == places


async def test_what_no_topic_takes_is_refused(broker: Broker, prefix: str) -> None:
    many = {f"x{number}": "😀" * 4096 for number in range(64)}
    async with connect(broker.url, prefix=prefix) as bus:
        with pytest.raises(RefusedError, match="larger than the topic takes"):
            await bus.publish(
                Envelope(id="a", source="a", type="order.created", data=b'"%b"' % (b"x" * 1_048_574), extensions=many)
            )


@pytest.mark.parametrize("idempotent", [True, False])
async def test_what_a_topic_with_a_lower_limit_does_not_take_is_refused_and_what_comes_after_it_is_stored(
    own_broker: Broker, prefix: str, idempotent: bool
) -> None:
    own_broker.gateway.largest = 50_000
    large = Envelope(id="large", source="a", type="order.created", key="order-1", data=b'"%b"' % (b"x" * 60_000))
    async with connect(own_broker.url, prefix=prefix, idempotent=idempotent) as bus, subscribed(bus) as subscription:
        await bus.publish(event("before", key="order-1"))
        with pytest.raises(RefusedError, match="larger than the topic takes"):
            await bus.publish(large)
        await bus.publish(event("after", key="order-1"))
        assert await handle(subscription, 2) == ["before", "after"]
        with pytest.raises(RefusedError, match="larger than the topic takes"):
            await bus.publish(large)


async def test_small_events_are_not_refused_for_others_that_are_sent_together_with_them(
    own_broker: Broker, prefix: str
) -> None:
    own_broker.gateway.largest = 1_000
    names = [f"event-{number}" for number in range(10)]
    async with connect(own_broker.url, prefix=prefix, partitions=1) as bus, subscribed(bus) as subscription:
        await bus.publish(event("before", key="order-1"))
        await asyncio.gather(*(bus.publish(event(name, key=name)) for name in names))
        assert sorted(await handle(subscription, 11)) == ["before", *names]
