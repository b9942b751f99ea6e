"""What groups have not handled yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from eventkit.bus.kafka import progress
from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.dead_letters import KafkaDeadLetters, Standing
from eventkit.bus.kafka.layout import DEAD_SUFFIX
from eventkit.bus.kafka.topology import Topology
from eventkit.bus.partitions.cursor import Cursor
from eventkit.bus.protocol import Lag

_WAIT: Final = 200  # milliseconds
_TRIES: Final = 5


@dataclass(slots=True)
class _Unhandled:
    waiting: int = 0
    oldest: int | None = None


async def lag(connection: Connection, topology: Topology, dead_letters: KafkaDeadLetters) -> Sequence[Lag]:
    """Return what is not handled yet, as `Bus.lag`."""
    layout = topology.layout
    found: list[Lag] = []
    groups = [
        each.removeprefix(layout.prefix).removesuffix(DEAD_SUFFIX) for each in await topology.existing(DEAD_SUFFIX)
    ]
    standings = {group: await dead_letters.standing(group) for group in sorted(groups)}
    known = {layout.prefix + domain for each in standings.values() for domain in each.domains}
    there = await topology.existing("")
    domains = {TopicPartition(topic, number) for topic in known & there.keys() for number in range(there[topic])}
    async with connection.admin() as admin, connection.reader(domains) as consumer:
        first = await consumer.beginning_offsets(list(domains)) if domains else {}
        ends = await consumer.end_offsets(list(domains)) if domains else {}
        for group, standing in standings.items():
            handled = {layout.prefix + each for each in standing.domains}
            mine = [each for each in sorted(domains) if each.topic in handled]
            committed = await _committed(admin, layout.prefix + group, mine)
            cursors = [_cursor(each, committed, first[each]) for each in mine]
            unhandled = await _unhandled(consumer, cursors, ends)
            found += _lags(group, layout.prefix, standing, unhandled)
    return found


def _lags(group: str, prefix: str, standing: Standing, unhandled: Mapping[str, _Unhandled]) -> Iterable[Lag]:
    dead = Counter(each.topic.removeprefix(prefix) for each in standing.letters)
    replayed = Counter(each.topic.removeprefix(prefix) for each in standing.replayed)
    for domain in sorted({*standing.domains, *dead, *replayed}):
        of_topic = unhandled.get(prefix + domain, _Unhandled())
        oldest = None if of_topic.oldest is None else datetime.fromtimestamp(of_topic.oldest / 1000, UTC)
        waiting = of_topic.waiting + replayed[domain]
        yield Lag(group, domain, waiting, out=None, retrying=None, dead=dead[domain], oldest=oldest)


async def _committed(
    admin: AIOKafkaAdminClient, group_id: str, partitions: list[TopicPartition]
) -> Mapping[TopicPartition, OffsetAndMetadata]:
    if not partitions:
        return {}
    found: Mapping[TopicPartition, OffsetAndMetadata] = await admin.list_consumer_group_offsets(
        group_id, partitions=partitions
    )
    return {each: committed for each, committed in found.items() if committed.offset >= 0}


def _cursor(partition: TopicPartition, committed: Mapping[TopicPartition, OffsetAndMetadata], first: int) -> Cursor:
    if partition not in committed:
        return Cursor(partition.topic, partition.partition, first)
    cursor = progress.read(partition, committed[partition], ())
    cursor.begin(first)
    return cursor


async def _unhandled(
    consumer: AIOKafkaConsumer, cursors: Iterable[Cursor], ends: Mapping[TopicPartition, int]
) -> Mapping[str, _Unhandled]:
    """Count what lies before the ends of topics, and find the oldest of it."""
    found: defaultdict[str, _Unhandled] = defaultdict(_Unhandled)
    behind = []
    for cursor in cursors:
        partition = TopicPartition(cursor.log, cursor.partition)
        waiting = cursor.unfinished(ends[partition])
        found[cursor.log].waiting += waiting
        if waiting:
            behind.append(partition)
            consumer.seek(partition, cursor.position)
    for _ in range(_TRIES):
        if not behind:
            break
        for partition, (record, *_) in (await consumer.getmany(*behind, timeout_ms=_WAIT)).items():
            of_topic = found[partition.topic]
            of_topic.oldest = min(record.timestamp, of_topic.oldest or record.timestamp)
            behind.remove(partition)
    return found
