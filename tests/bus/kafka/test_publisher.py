from __future__ import annotations

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from eventkit import Envelope, PublishError, connect
from eventkit.testing.conformance.support import event
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
        with pytest.raises(PublishError, match="larger than the topic takes"):
            await bus.publish(
                Envelope(id="a", source="a", type="order.created", data=b'"%b"' % (b"x" * 1_048_574), extensions=many)
            )
