"""Publishing: one producer for the bus, which sends together what is published at the same time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerClosed,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner

from eventkit.bus.kafka.client import CLOSE_WITHIN, pass_cancellation
from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.errors import is_unforeseen, meaning
from eventkit.bus.kafka.records import Headers
from eventkit.bus.kafka.topology import Topology
from eventkit.bus.silence import while_answered
from eventkit.contract.errors import BusError, ConfigurationError, PublishError, RefusedError

SEND_WITHIN: Final = 10.0
"""Seconds after which a record that no broker took is given up."""
NOBODY: Final = f"no broker answered within {SEND_WITHIN:g} s"
_LOOK: Final = 0.5  # how often is looked for records whose time is up, in seconds
_CHOOSE: Final = DefaultPartitioner()
_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)


class Publisher:
    """Writes records; what it returned from is on all replicas that are in sync.

    Args:
        connection: The brokers.
        topology: Knows which topics there are.
        idempotent: Let brokers recognise what is sent again, so that it is stored once and in its place.
    """

    def __init__(self, connection: Connection, topology: Topology, idempotent: bool) -> None:
        self._connection = connection
        self._topology = topology
        self._idempotent = idempotent
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        # What is being sent, and until when.
        self._sending: dict[asyncio.Future[object], float] = {}
        self._looking: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connect; raises BusError."""
        producer = self._connection.producer(
            acks="all", enable_idempotence=self._idempotent, linger_ms=0, request_timeout_ms=int(SEND_WITHIN * 1000)
        )
        try:
            await self._connection.start(producer.start)
        except BaseException as error:
            await self._stop(producer)
            # Of what a start asks brokers that answer, this is what some do not know.
            if self._idempotent and isinstance(error, BusError) and is_unforeseen(error.__cause__):
                raise BusError(
                    f"the brokers do not number records: {error.what}",
                    where=error.where,
                    mend="connect with idempotent=false if they cannot, or see what their log says",
                ) from error.__cause__
            raise
        self._producer = producer

    async def close(self) -> None:
        """Finish what is being sent, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._stop(producer)
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None = None
    ) -> None:
        """Store a record; return when it is safe.

        Args:
            topic: Where to.
            key: The record's key; of the same key all go to one partition, in order.
            value: The record's value.
            headers: Its headers.
            partition: Its partition, where it is not the key's.

        Raises:
            RefusedError: It is larger than the topic takes.
            PublishError: It was not stored, or nobody knows.
        """
        producer = self._producer
        if producer is None:
            raise PublishError(
                "the bus is not open",
                where=self._connection.url,
                mend="use it inside `async with connect(...)`, in the event loop of that block",
            )
        try:
            if not self._topology.knows(topic):
                await self._begin(topic)
            await self._send(producer, topic, key, value, headers, partition)
        except (TimeoutError, KafkaTimeoutError):
            await self._replace(producer)
            refusal = self._connection.refusal
            why, mend = (refusal.what, refusal.mend) if refusal else (NOBODY, "see whether the brokers are up")
            raise PublishError(
                f"{topic}: {why}; whether the event will be stored is not known",
                where=self._connection.url,
                mend=f"{mend}, then publish it again: handlers with an inbox see it once",
            ) from None
        except (BusError, ConfigurationError) as error:
            raise PublishError(error.what, where=error.where, mend=error.mend) from error
        except _TOO_LARGE as error:
            what, mend = meaning(error)
            raise RefusedError(f"{topic}: {what}", where=self._connection.url, mend=mend) from error
        except KafkaError as error:
            if isinstance(error, UnknownTopicOrPartitionError):
                self._topology.forget()
            if not error.retriable:
                await self._replace(producer)
            told = self._connection.explained(error)
            raise PublishError(f"{topic}: {told.what}", where=told.where, mend=told.mend) from error

    async def _begin(self, topic: str) -> None:
        """See to a topic to which nothing was sent yet."""
        if self._topology.knows_none:  # the first one of all belongs to the start
            async with while_answered(self._connection.ping, self._connection.silence):
                await self._topology.ensure([topic])
        else:
            await self._topology.ensure([topic])

    async def _send(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        partition: int | None,
    ) -> None:
        """Do what `producer.send` does, and wait; that function alone takes longer than all of this."""
        cluster = producer.client.cluster
        if (numbers := cluster.partitions_for_topic(topic)) is None:
            numbers = await producer.partitions_for(topic)
        if partition is None and key is not None:
            partition = _of_key(key, len(numbers))
        elif partition is None:
            # Any will do, best one that can be written to.
            partition = _CHOOSE(None, list(numbers), list(cluster.available_partitions_for_topic(topic)))
        producer._serialize(key, value, headers)  # refuses what is too large for any topic
        sent: asyncio.Future[object] = await producer._message_accumulator.add_message(
            TopicPartition(topic, partition), key, value, SEND_WITHIN, headers=headers
        )
        self._expect(sent)
        try:
            await sent
        except _TOO_LARGE:
            await self._send_alone(producer, topic, key, value, headers, partition)
        finally:
            del self._sending[sent]

    async def _send_alone(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        partition: int,
    ) -> None:
        """Send a record again that was refused: what went together in a batch may have been too large together."""
        producer = await self._replaced(producer)
        batch = producer.create_batch()
        batch.append(key=key, value=value, timestamp=None, headers=headers)
        batch.close()
        sent: asyncio.Future[object] = await producer.send_batch(batch, topic, partition=partition)
        self._expect(sent)
        try:
            await sent
        except _TOO_LARGE:
            await self._replaced(producer)
            raise
        finally:
            del self._sending[sent]

    def _expect(self, sent: asyncio.Future[object]) -> None:
        # A producer with numbered records tries for ever; whoever publishes does not wait for ever.
        self._sending[sent] = asyncio.get_running_loop().time() + SEND_WITHIN
        if self._looking is None:
            self._look()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for sent, until in self._sending.items():
            if now >= until and not sent.done():
                sent.set_exception(TimeoutError())
        self._looking = loop.call_later(_LOOK, self._look) if self._sending else None

    async def _replace(self, broken: AIOKafkaProducer) -> None:
        """Make a new producer: one whose numbering of records has come out of step with the brokers' sends no more."""
        async with self._opening:
            if self._producer is broken and self._idempotent and _is_dead(broken):
                with suppress(BusError):  # then the next one who publishes tries again
                    await self.open()
                    await self._stop(broken)

    async def _replaced(self, producer: AIOKafkaProducer) -> AIOKafkaProducer:
        """Return a producer whose records brokers take after they have refused some; raises BusError.

        Those that were refused have numbers, and brokers would miss them before what comes next.
        """
        async with self._opening:
            if self._idempotent and self._producer is producer:
                await self.open()
                await self._stop(producer)
        return self._producer or producer

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        with pass_cancellation():
            try:
                async with self._connection.patience.within(CLOSE_WITHIN):
                    await producer.stop()
            except (TimeoutError, KafkaError, asyncio.CancelledError):
                await producer.client.close()
                with suppress(TimeoutError):
                    async with self._connection.patience.within(CLOSE_WITHIN):
                        await producer._sender.close()
                _fail_unsent(producer)


@lru_cache(maxsize=4096)
def _of_key(key: bytes, partitions: int) -> int:
    """Return the partition of a key; remembered, since a key has several events, and hashing it takes its time."""
    return int(_CHOOSE(key, range(partitions), []))


def _fail_unsent(producer: AIOKafkaProducer) -> None:
    """Tell those who publish that their records are not sent any more; the producer's sender has ended."""
    accumulator = producer._message_accumulator
    # A batch that is to be sent again is not among these, and aiokafka stumbles when it takes it out nevertheless.
    pending = accumulator._pending_batches
    pending.update(batch for batches in accumulator._batches.values() for batch in batches)
    accumulator.fail_all(ProducerClosed())
    for batch in pending:
        batch._drain_waiter.exception()  # or asyncio would report that nobody has looked


def _is_dead(producer: AIOKafkaProducer) -> bool:
    task = producer._sender.sender_task
    return task is None or task.done()
