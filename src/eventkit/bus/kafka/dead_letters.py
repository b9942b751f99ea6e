"""What groups gave up, in a topic for each group: kept until somebody replays or drops it.

The topic's records with the same key are the life of one dead letter, and the newest one says how it stands:

- the *letter*: the event's headers and body, and beside them why and after which failures it was given up;
- its *replay*: headers and body alone. The group reads its own topic and handles it like any other event; that one
  record both takes the letter away and puts the event back;
- *nothing*: it was handled in the end, or dropped.

One more record says which domains the group handles, so that whoever looks at the bus sees groups that have not handled
anything yet.

The topic's name is the prefix of the bus and the group, and nothing tells where the one ends and the other begins:
`ts-shop.dead` is that of `shop` behind the prefix `ts-`, or that of `ts-shop`. So records name their group, and those
of a group that has another topic behind this bus's prefix are somebody else's.

Kafka removes what is not the newest of its key when it compacts the topic. A letter lies in the partition of its event,
so that a replayed event goes to the instance that has the others of its key.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.layout import DEAD_SUFFIX
from eventkit.bus.kafka.publisher import Publisher
from eventkit.bus.kafka.records import TYPE_HEADER, Headers, headers_of, read, texts_of
from eventkit.bus.kafka.topology import Topology
from eventkit.bus.protocol import DeadLetter
from eventkit.contract.codec import HTTP, KAFKA, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError
from eventkit.delivery.subscription import Dead, Failure, Reason, Unreadable

_DEAD: Final = "eventkit-dead"
_REPLAY: Final = "eventkit-replay"
_DOMAINS: Final = b"eventkit-domains"
"""The key of the record that says what the group handles."""
_GROUP: Final = "eventkit-group"
"""The header of that record that says whose it is."""
_ID: Final = re.compile(r"(?P<group>[^:]+):(?P<topic>[^:]+)-(?P<partition>[0-9]{1,9})-(?P<offset>[0-9]{1,18})")
_BRIEF: Final = 200
"""Characters of an error where there is not room for all."""
_WAIT: Final = 1_000  # milliseconds
_READ_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a group's topic says.

    Args:
        domains: What the group handles.
        letters: Its dead letters.
        replayed: Those that are to be handled again and are not yet.
    """

    domains: frozenset[str]
    letters: Sequence[Letter]
    replayed: Sequence[Letter]


_Records = list[ConsumerRecord]  # in the class below, `list` is a method


class Written(NamedTuple):
    """What goes into a record."""

    headers: Headers
    value: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """The place of a dead letter.

    Args:
        id: Names it within the bus; the same, however often its event is replayed and given up.
        partition: Where it lies in the topic of its group.
    """

    id: str
    partition: int

    @classmethod
    def at(cls, group: str, topic: str, partition: int, offset: int) -> Letter:
        """Return the place for an event that was given up: its own place in the log makes the id."""
        return cls(f"{group}:{topic}-{partition}-{offset}", partition)

    @classmethod
    def of(cls, record: ConsumerRecord) -> Letter:
        """Return the place of a record of the topic."""
        return cls(str(record.key or b"", errors="replace"), record.partition)

    @property
    def topic(self) -> str:
        """The topic of its event."""
        match = _ID.fullmatch(self.id)
        return match["topic"] if match else ""

    @property
    def key(self) -> bytes:
        """The key of its records."""
        return self.id.encode()


def is_replay(record: ConsumerRecord) -> bool:
    """Tell whether a record of a group's topic is an event that is to be handled again."""
    return record.value is not None and any(name == _REPLAY for name, _ in record.headers)


def replayed(record: ConsumerRecord) -> Envelope | Unreadable:
    """Return the event of a replay; the record's key names the letter, and the event's own stands in its headers."""
    return read(_plain(record), record.value)


def written(group: str, dead: Dead, at: datetime, *, brief: bool = False) -> Written:
    """Return the record of a letter.

    Args:
        group: The group.
        dead: What was given up.
        at: When.
        brief: Tell the last failure alone, and the beginning of it; the event is told whole in any case.
    """
    message = dead.delivery.message
    failures = [[each.at.isoformat(), each.error] for each in (*dead.delivery.failures, dead.failure)]
    if brief:
        [*_, (when, error)] = failures
        failures = [[when, error if len(error) <= _BRIEF else f"{error[:_BRIEF]}…"]]
    about = {"group": group, "reason": dead.reason, "at": at.isoformat(), "failures": failures}
    if isinstance(message, Envelope):
        headers, body = headers_of(message), message.data
    else:
        headers, body = [(name, value.encode()) for name, value in message.headers.items()], message.body
    return Written([*headers, (_DEAD, json.dumps(about).encode())], body)


class KafkaDeadLetters:
    """The dead letters of a bus.

    Args:
        connection: The brokers.
        topology: Knows which topics there are.
        publisher: Writes what takes letters away.
    """

    def __init__(self, connection: Connection, topology: Topology, publisher: Publisher) -> None:
        self._connection = connection
        self._topology = topology
        self._publisher = publisher

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        found = await self._found(await self._partitions(group))
        return sorted((_dead_letter(each) for each in found), key=lambda each: (each.at, each.id))[:limit]

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        found = await self._named([id])
        return _dead_letter(found[0]) if found else None

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again; return how many there were."""
        found = await self._named(ids)
        await self._write((record, record.value, [*_plain(record), (_REPLAY, b"")]) for record in found)
        return len(found)

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        found = await self._named(ids)
        await self._write((record, None, []) for record in found)
        return len(found)

    async def enter(self, group: str, domains: Collection[str]) -> None:
        """Write down what a group handles; raises PublishError."""
        value, headers = json.dumps(sorted(domains)).encode(), [(_GROUP, group.encode())]
        await self._publisher.send(self._topology.layout.dead(group), _DOMAINS, value, headers, partition=0)

    async def standing(self, group: str) -> Standing:
        """Return what a group's topic says."""
        newest = await self._newest(await self._partitions(group))
        entered = [each for each in newest if each.key == _DOMAINS and each.value]
        return Standing(
            frozenset(json.loads(entered[0].value) if entered else ()),
            [Letter.of(each) for each in newest if _about(each) is not None],
            [Letter.of(each) for each in newest if is_replay(each)],
        )

    async def _write(self, records: Iterable[tuple[ConsumerRecord, bytes | None, Headers]]) -> None:
        try:
            for record, value, headers in records:
                await self._publisher.send(record.topic, record.key, value, headers, record.partition)
        except PublishError as error:
            raise BusError(error.what, where=error.where, mend=error.mend) from error

    async def _named(self, ids: Collection[str]) -> _Records:
        """Return the records of letters that are there, the oldest first."""
        places: dict[TopicPartition, set[bytes]] = {}
        for id in ids:
            if match := _ID.fullmatch(id):
                topic = self._topology.layout.dead(match["group"])
                places.setdefault(TopicPartition(topic, int(match["partition"])), set()).add(id.encode())
        there = await self._topology.existing(DEAD_SUFFIX) if places else {}
        asked = [each for each in places if each.partition < there.get(each.topic, 0)]
        found = await self._found(asked)
        return [each for each in found if each.key in places[TopicPartition(each.topic, each.partition)]]

    async def _partitions(self, group: str | None) -> Sequence[TopicPartition]:
        topics = await self._topology.existing(DEAD_SUFFIX)
        if group is not None:
            name = self._topology.layout.dead(group)
            topics = {name: topics[name]} if name in topics else {}
        return [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]

    async def _found(self, partitions: Collection[TopicPartition]) -> _Records:
        """Read partitions to their ends; return of each letter that is there its record, the oldest first."""
        return [each for each in await self._newest(partitions) if _about(each) is not None]

    async def _newest(self, partitions: Collection[TopicPartition]) -> _Records:
        newest: dict[tuple[str, bytes | None], ConsumerRecord] = {}
        for record in await self._read(partitions):
            newest[record.topic, record.key] = record
        return [each for each in newest.values() if each.value is not None and self._is_ours(each)]

    def _is_ours(self, record: ConsumerRecord) -> bool:
        group = _group(record)
        return group is None or self._topology.layout.dead(group) == record.topic

    async def _read(self, partitions: Collection[TopicPartition]) -> _Records:
        if not partitions:
            return []
        records: _Records = []
        try:
            async with self._connection.reader(partitions) as consumer, asyncio.timeout(_READ_WITHIN):
                first = await consumer.beginning_offsets(partitions)
                ends = await consumer.end_offsets(partitions)
                for partition in partitions:
                    consumer.seek(partition, first[partition])
                unread = {each for each in partitions if first[each] < ends[each]}
                while unread:
                    for found in (await consumer.getmany(*unread, timeout_ms=_WAIT)).values():
                        records += found
                    unread = {each for each in unread if await consumer.position(each) < ends[each]}
        except TimeoutError:
            raise BusError("the dead letters could not be read in time", where=self._connection.url) from None
        return sorted(records, key=lambda each: each.offset)


def _group(record: ConsumerRecord) -> str | None:
    """Return whose a record is; None where it does not say that."""
    if match := _ID.fullmatch(str(record.key or b"", errors="replace")):
        return match["group"]
    return texts_of(record.headers).get(_GROUP)


def _about(record: ConsumerRecord) -> Mapping[str, Any] | None:
    """Return what a letter's own header says; None where a record is no letter."""
    for name, value in record.headers:
        if name == _DEAD and value:
            with suppress(ValueError):
                about = json.loads(value)
                return about if isinstance(about, dict) else None
    return None


def _dead_letter(record: ConsumerRecord) -> DeadLetter:
    about = _about(record) or {}
    message = read(_plain(record), record.value)
    if isinstance(message, Envelope):
        headers, type_ = to_headers(message), message.type
    else:
        plain = texts_of(_plain(record))
        headers = {
            HTTP.prefix + name.removeprefix(KAFKA.prefix) if name.startswith(KAFKA.prefix) else name: value
            for name, value in plain.items()
        }
        type_ = plain.get(TYPE_HEADER, "")
    return DeadLetter(
        id=str(record.key or b"", errors="replace"),
        group=str(about.get("group", "")),
        type=type_,
        reason=Reason(about.get("reason", Reason.UNREADABLE)),
        failures=tuple(Failure(datetime.fromisoformat(at), error) for at, error in about.get("failures", ())),
        headers=headers,
        body=record.value or b"",
        at=datetime.fromisoformat(about["at"]),
    )


def _plain(record: ConsumerRecord) -> Headers:
    return [(name, value) for name, value in record.headers if name not in (_DEAD, _REPLAY) and value is not None]
