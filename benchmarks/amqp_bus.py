"""`amqp://` beside aio-pika, aiormq and FastStream: quorum queues, messages that survive, confirmed and mandatory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

import aiormq
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from benchmarks.broker import Contestant, Eventkit, Handled, compare, handling
from benchmarks.measure import Table
from benchmarks.memory_bus import OrderCreated
from tests.servers.rabbitmq import RabbitMQ


class RunningGroup(Eventkit):
    """eventkit with a group that was there before: its queues get what is published, as those of the others do."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with super().opened():
            async with self.consuming(Handled(1)):
                pass
            yield


QUORUM = {"x-queue-type": "quorum"}
PREFETCH = 100


class Aiormq(Contestant):
    """aiormq at its best: the layer below aio-pika, and one acknowledgement for many messages."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        connection = await aiormq.connect(self.url)
        self._channel = await connection.channel(publisher_confirms=True)
        self._queue = f"raw{self.run}"
        await self._channel.queue_declare(self._queue, durable=True, arguments=QUORUM)
        try:
            yield
        finally:
            await connection.close()

    async def publish(self, order: OrderCreated) -> None:
        await self._channel.basic_publish(
            order.model_dump_json().encode(),
            routing_key=self._queue,
            properties=Basic.Properties(delivery_mode=2, content_type="application/json"),
            mandatory=True,
            wait=False,
        )

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        channel = await self._channel.connection.channel(publisher_confirms=False)
        await channel.basic_qos(prefetch_count=PREFETCH)
        unacknowledged = 0

        async def take(message: DeliveredMessage) -> None:
            nonlocal unacknowledged
            await handled.see(OrderCreated.model_validate_json(message.body))
            unacknowledged += 1
            if unacknowledged == PREFETCH // 2 or handled.all.is_set():
                unacknowledged = 0
                await channel.basic_ack(message.delivery_tag or 0, multiple=True, wait=False)

        await channel.basic_consume(self._queue, take)
        try:
            yield
        finally:
            await channel.close()


def _aio_pika() -> dict[str, type[Contestant]]:
    import aio_pika

    class AioPika(Contestant):
        """aio-pika in the obvious way: an iterator, each message acknowledged after it was handled."""

        @asynccontextmanager
        async def opened(self) -> AsyncIterator[None]:
            async with await aio_pika.connect(self.url) as self._connection:
                self._channel = await self._connection.channel()
                self._queue = await self._channel.declare_queue(f"raw{self.run}", durable=True, arguments=QUORUM)
                yield

        async def publish(self, order: OrderCreated) -> None:
            message = aio_pika.Message(
                order.model_dump_json().encode(),
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                content_type="application/json",
            )
            await self._channel.default_exchange.publish(message, self._queue.name, mandatory=True)

        @asynccontextmanager
        async def consuming(self, handled: Handled) -> AsyncIterator[None]:
            await self._channel.set_qos(prefetch_count=PREFETCH)

            async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                await handled.see(OrderCreated.model_validate_json(message.body))
                await message.ack()

            tag = await self._queue.consume(take)
            try:
                yield
            finally:
                await self._queue.cancel(tag)

    return {"aio-pika": AioPika}


def _faststream() -> dict[str, type[Contestant]]:
    from faststream import AckPolicy
    from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

    class FastStream(Contestant):
        """FastStream: a subscriber that acknowledges after the handler."""

        @asynccontextmanager
        async def opened(self) -> AsyncIterator[None]:
            self._queue = RabbitQueue(f"raw{self.run}", queue_type=QueueType.QUORUM, durable=True)
            async with RabbitBroker(
                self.url, logger=None, default_channel=Channel(prefetch_count=PREFETCH)
            ) as self._broker:
                await self._broker.declare_queue(self._queue)
                yield

        async def publish(self, order: OrderCreated) -> None:
            await self._broker.publish(order, self._queue, persist=True, mandatory=True)

        @asynccontextmanager
        async def consuming(self, handled: Handled) -> AsyncIterator[None]:
            broker = RabbitBroker(self.url, logger=None, default_channel=Channel(prefetch_count=PREFETCH))

            subscriber = broker.subscriber(self._queue, ack_policy=AckPolicy.REJECT_ON_ERROR)
            async with handling(broker, subscriber, handled):
                yield

    return {"FastStream": FastStream}


def run() -> list[Table]:
    contestants: dict[str, type[Contestant]] = {"eventkit": RunningGroup}
    if find_spec("aio_pika"):
        contestants |= _aio_pika()
    contestants["aiormq"] = Aiormq
    if find_spec("faststream"):
        contestants |= _faststream()
    return compare("RabbitMQ", RabbitMQ, contestants)
