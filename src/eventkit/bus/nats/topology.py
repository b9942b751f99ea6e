"""What the bus keeps in a NATS server, and under which names.

    order-stream      the events of one domain, here `order`; subjects `order.created.3`: the type and the partition
    eventkit-dead     dead letters; subjects `_eventkit.dead.payment_service.order.created`
    eventkit-replay   dead letters on their way to their group again, until it has handled them; subjects
                      `_eventkit.replay.payment_service.3.order.created`
    KV_eventkit       documents: who is there, who has which partition, and how far it got

The words of a type begin with a letter, so the last word of a subject tells its partition; a subject without a number,
as other publishers send it, belongs to partition 0. `_eventkit` begins with no letter, so it is no domain.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eventkit.bus.nats.documents import BUCKET, Conflict, Documents
from eventkit.bus.nats.jetstream import NO_STREAM, OTHER_CONFIGURATION, OVERLAP, APIError, JetStream
from eventkit.contract.errors import BusError, ConfigurationError
from eventkit.contract.event import TYPE_NAME

DEAD: Final = "eventkit-dead"
REPLAY: Final = "eventkit-replay"
_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400.0
_DUPLICATE_WINDOW: Final = 120 * _SECOND
_DURATIONS: Final = {"max_age", "duplicate_window"}
"""Fields in nanoseconds."""
_LAYOUT: Final = "layout"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bus is laid out in the server.

    Args:
        partitions: How many partitions there are; the same for ever.
        replicas: How many servers keep each stream.
        retention: Days for which events are kept.
        max_bytes: Bytes that a domain's events may have; 0 means no limit.
        create: Make what is not there.
    """

    partitions: int
    replicas: int
    retention: float
    max_bytes: int
    create: bool


def domain_of(type: str) -> str:
    """Return the first word of an event's type."""
    return type.partition(".")[0]


def stream_of(domain: str) -> str:
    """Return the stream that keeps the events of a domain."""
    return f"{domain}-stream"


def subjects_of(types: Collection[str], partition: int) -> dict[str, str]:
    """Return the subjects of a partition, each with its type."""
    subjects = {f"{type}.{partition}": type for type in types}
    return subjects if partition else subjects | {type: type for type in types}


def dead_subject(group: str, type: str) -> str:
    """Return the subject of a dead letter."""
    return f"_eventkit.dead.{group}.{type}"


def replay_subject(group: str, partition: int, type: str) -> str:
    """Return the subject of what is replayed to a group."""
    return f"_eventkit.replay.{group}.{partition}.{type}"


def bell_subject(group: str) -> str:
    """Return the subject on which the instances of a group tell each other that something has changed."""
    return f"_eventkit.bell.{group}"


def is_type(type: str) -> bool:
    """Tell whether a type makes a subject."""
    return TYPE_NAME.fullmatch(type) is not None


class Topology:
    """Declares what the bus keeps in the server, or looks whether it is there.

    Args:
        jetstream: The server.
        documents: The bus's documents.
        layout: How it should be.
    """

    def __init__(self, jetstream: JetStream, documents: Documents, layout: Layout) -> None:
        self._jetstream = jetstream
        self._documents = documents
        self._layout = layout
        self._where = jetstream.connection.where

    async def declare(self) -> None:
        """See to what every bus needs; raises ConfigurationError where it is something else, and BusError."""
        await self._stream(BUCKET, "$KV.eventkit.>", {"max_msgs_per_subject": 1, "allow_rollup_hdrs": True})
        await self._stream(DEAD, "_eventkit.dead.>", {})
        await self._stream(REPLAY, "_eventkit.replay.>", {})
        await self._agree()

    async def declare_domain(self, domain: str) -> None:
        """See to the stream of a domain; raises ConfigurationError where it is something else, and BusError."""
        layout = self._layout
        age = int(layout.retention * _DAY * _SECOND)
        limits = {
            "max_age": age,
            "max_bytes": layout.max_bytes or -1,
            "duplicate_window": min(_DUPLICATE_WINDOW, age),
        }
        await self._stream(stream_of(domain), f"{domain}.>", limits)

    async def _agree(self) -> None:
        """See to it that all have the same number of partitions: a key must not be in two of them."""
        ours = json.dumps({"partitions": self._layout.partitions})
        found = await self._documents.get(_LAYOUT)
        if found is None:
            if not self._layout.create:
                raise self._missing("the number of partitions")
            try:
                await self._documents.put(_LAYOUT, ours, 0)
            except Conflict:
                found = await self._documents.get(_LAYOUT)
        if found is not None and found.text != ours:
            theirs = json.loads(found.text).get("partitions")
            raise ConfigurationError(
                f"the bus has {theirs} partitions, not {self._layout.partitions}",
                where=self._where,
                mend=f"connect with partitions={theirs}; the number cannot be changed",
            )

    async def _stream(self, name: str, subject: str, more: Mapping[str, object]) -> None:
        wanted = {
            "name": name,
            "subjects": [subject],
            "retention": "limits",
            "storage": "file",
            "discard": "new",
            "num_replicas": self._layout.replicas,
            "duplicate_window": _DUPLICATE_WINDOW,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_msgs_per_subject": -1,
            "max_age": 0,
            **more,
        }
        try:
            if self._layout.create:
                await self._jetstream.call(f"STREAM.CREATE.{name}", wanted)
            else:
                self._compare(name, wanted, await self._config(name), {"subjects", "retention", "max_msgs_per_subject"})
        except APIError as error:
            if error.number == OTHER_CONFIGURATION:
                self._compare(name, wanted, await self._config(name), wanted.keys())
                return  # what differs does not matter
            if error.number == OVERLAP:
                raise await self._overlap(name, subject) from None
            if error.number == NO_STREAM:
                raise self._missing(f"the stream {name}") from None
            raise

    async def _config(self, name: str) -> Mapping[str, Any]:
        config: Mapping[str, Any] = (await self._jetstream.call(f"STREAM.INFO.{name}", {}))["config"]
        return config

    def _compare(
        self, name: str, wanted: Mapping[str, object], found: Mapping[str, Any], fields: Collection[str]
    ) -> None:
        differences = [
            f"{field} is {_readable(field, found.get(field))}, not {_readable(field, wanted[field])}"
            for field in wanted
            if field in fields and found.get(field) != wanted[field]
        ]
        if differences:
            raise ConfigurationError(
                f"the stream {name} is another one than this bus needs: {'; '.join(differences)}",
                where=self._where,
                mend="connect with the settings that it has, or change it with `nats stream edit`",
            )

    async def _overlap(self, name: str, subject: str) -> BusError | ConfigurationError:
        answer = await self._jetstream.call("STREAM.NAMES", {"subject": subject})
        others = ", ".join(answer.get("streams") or ()) or "another one"
        return ConfigurationError(
            f"the stream {name} cannot hold {subject}, because {others} holds some of it",
            where=self._where,
            mend="take these subjects out of the other stream",
        )

    def _missing(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"{what} is not there, and create=False", where=self._where, mend="make it, or connect with create=True"
        )


def _readable(field: str, value: object) -> str:
    """Return a setting of a stream as people write it; days are what `retention` counts."""
    if field not in _DURATIONS or not isinstance(value, int):
        return repr(value)
    days = value / _SECOND / _DAY
    return f"{days:,g} day{'' if days == 1 else 's'}" if days >= 1 else f"{value / _SECOND:,g} s"
