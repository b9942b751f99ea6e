"""Looking on while events are published.

Kafka keeps an order in each partition only. A follower looks several times a second how far all partitions have got,
and yields what is new up to there by the time at which it was written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.records import message_of
from eventkit.bus.kafka.topology import Topology
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Unreadable

LOOK_EVERY: Final = 0.1
"""Seconds between two looks."""
TOPICS_EVERY: Final = 20
"""Looks between two looks for topics that were made since."""
_WAIT: Final = 100  # milliseconds
_BATCH: Final = 500


async def follow(
    connection: Connection,
    topology: Topology,
    types: Collection[str] | None,
    since: datetime | None,
    is_open: Callable[[], bool],
) -> AsyncGenerator[Envelope | Unreadable, None]:
    """Yield events as `Bus.follow`.

    Args:
        connection: The brokers.
        topology: Knows the topics.
        types: Event types; None for all.
        since: Where to begin; None for now.
        is_open: Tells whether to go on.
    """
    start = 0 if since is None else since.timestamp() * 1000
    positions: dict[TopicPartition, int] = {}
    looks = 0
    async with connection.reader(()) as consumer:
        while is_open():
            if looks % TOPICS_EVERY == 0 and (new := await topology.domains(types) - positions.keys()):
                # What stands in a topic that was made after the beginning was published after it.
                begin = await _offsets(consumer, new, int(start) if since or looks else None)
                positions |= begin
                consumer.assign(list(positions))
                for partition, offset in positions.items():
                    consumer.seek(partition, offset)
            looks += 1
            ends = await consumer.end_offsets(list(positions)) if positions else {}
            async for record in _merged(consumer, {each: end for each, end in ends.items() if positions[each] < end}):
                positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
                if record.timestamp < start:
                    continue
                message = message_of(record)
                if types is None or (isinstance(message, Envelope) and message.type in types):
                    yield message
                    if not is_open():
                        return
            positions = {each: max(position, ends[each]) for each, position in positions.items()}
            await asyncio.sleep(LOOK_EVERY)


async def _offsets(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition], start: int | None
) -> Mapping[TopicPartition, int]:
    """Return the first offset of each partition that was written at `start` or later, in milliseconds; None for now.

    A server that keeps no times answers with an offset without one: what was written before is there, too.
    """
    ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    if start is None:
        return ends
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, start))
    return {each: end if (there := found[each]) is None else there.offset for each, end in ends.items()}


async def _merged(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncGenerator[ConsumerRecord, None]:
    """Yield records of partitions up to their ends, by time."""
    read: dict[TopicPartition, deque[ConsumerRecord]] = {each: deque() for each in ends}
    while read:
        for partition in [each for each, records in read.items() if not records]:
            if await consumer.position(partition) >= ends[partition]:
                del read[partition]
        if lacking := [each for each, records in read.items() if not records]:
            found = await consumer.getmany(*lacking, timeout_ms=_WAIT, max_records=_BATCH)
            for partition, records in found.items():
                read[partition].extend(each for each in records if each.offset < ends[partition])
                if records[-1].offset >= ends[partition]:
                    # What has come since has its place among what came elsewhere: with the next look.
                    consumer.seek(partition, ends[partition])
        elif read:
            yield min(read.values(), key=_written).popleft()


def _written(records: deque[ConsumerRecord]) -> tuple[int, bytes]:
    """Return when the first of some records was written; ids tell more where that was the same millisecond."""
    first = records[0]
    return first.timestamp, next((value or b"" for name, value in first.headers if name == "ce_id"), b"")
