"""`kafka://` beside aiokafka and FastStream, on tansu with its data in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.broker import Contestant, Eventkit, Handled, compare, handling
from benchmarks.kafka_gateway import KafkaThatWakes
from benchmarks.measure import Table
from benchmarks.memory_bus import OrderCreated
from tests.servers.kafka import Kafka

PARTITIONS = 8
SESSION = 6_000  # milliseconds; tansu lets members wait for half of it when they join


class EventkitOnTansu(Eventkit):
    """eventkit, without the producer's numbers, which tansu does not know."""

    def __init__(self, url: str, run: str) -> None:
        super().__init__(f"{url}?idempotent=false&lease={SESSION // 1000}", run)


class Raw(Contestant):
    """aiokafka in the obvious way: handle records one by one, and commit each."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._servers = self.url.removeprefix("kafka://")
        self._topic = f"raw{self.run}"
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        await admin.start()
        await admin.create_topics([NewTopic(self._topic, PARTITIONS, 1)])
        await admin.close()
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers, acks="all")
        await self._producer.start()
        try:
            yield
        finally:
            await self._producer.stop()

    async def publish(self, order: OrderCreated) -> None:
        await self._producer.send_and_wait(self._topic, order.model_dump_json().encode(), key=order.order_id.encode())

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._servers,
            group_id=self._topic,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION,
        )
        await consumer.start()
        task = asyncio.create_task(self.consume(consumer, handled))
        try:
            yield
        finally:
            await consumer.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def consume(self, consumer: AIOKafkaConsumer, handled: Handled) -> None:
        async for record in consumer:
            await handled.see(OrderCreated.model_validate_json(record.value))
            await consumer.commit()


class Batches(Raw):
    """aiokafka at its best: what was fetched together is committed together."""

    async def consume(self, consumer: AIOKafkaConsumer, handled: Handled) -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=500)).values():
                for record in records:
                    await handled.see(OrderCreated.model_validate_json(record.value))
            await consumer.commit()


class FastStream(Raw):
    """FastStream: committed after the handler, one after the other."""

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        from faststream import AckPolicy
        from faststream.kafka import KafkaBroker

        broker = KafkaBroker(self._servers, logger=None)

        subscriber = broker.subscriber(
            self._topic,
            group_id=self._topic,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION,
            ack_policy=AckPolicy.NACK_ON_ERROR,
        )
        async with handling(broker, subscriber, handled):
            yield

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        from faststream.kafka import KafkaBroker

        async with super().opened(), KafkaBroker(self._servers, logger=None, acks="all") as self._broker:
            yield

    async def publish(self, order: OrderCreated) -> None:
        await self._broker.publish(order, self._topic, key=order.order_id.encode())


def run() -> list[Table]:
    contestants = {"eventkit": EventkitOnTansu, "aiokafka, commit each": Raw, "aiokafka, commit a fetch": Batches}
    if find_spec("faststream"):
        contestants["FastStream"] = FastStream
    return [*compare("Kafka", partial(Kafka, durable=False), contestants, for_trips=KafkaThatWakes)]
