"""What the bus keeps in a NATS server; `names.py` says what it is called."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eventkit.bus.nats.documents import Conflict, Documents
from eventkit.bus.nats.jetstream import NO_STREAM, OTHER_CONFIGURATION, OVERLAP, APIError, JetStream
from eventkit.contract.errors import ConfigurationError

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
        self._names = jetstream.names
        self._where = jetstream.connection.where

    async def declare(self) -> None:
        """See to what every bus needs; raises ConfigurationError where it is something else, and BusError."""
        names = self._names
        documents = {"max_msgs_per_subject": 1, "allow_rollup_hdrs": True}
        await self._stream(names.bucket, [f"{names.documents}>"], documents)
        await self._stream(names.dead, [names.all_dead], {})
        await self._stream(names.replay, [names.all_replayed], {})
        await self._agree()

    async def declare_streams(self, types: Collection[str]) -> None:
        """See to the streams of some types; raises ConfigurationError where one is something else, and BusError."""
        layout = self._layout
        age = int(layout.retention * _DAY * _SECOND)
        limits = {
            "max_age": age,
            "max_bytes": layout.max_bytes or -1,
            "duplicate_window": min(_DUPLICATE_WINDOW, age),
        }
        for stream in sorted(set(map(self._names.stream, types))):
            await self._stream(stream, self._names.subjects_in(stream), limits)

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

    async def _stream(self, name: str, subjects: list[str], more: Mapping[str, object]) -> None:
        wanted = {
            "name": name,
            "subjects": subjects,
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
                raise await self._overlap(name, subjects) from None
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

    async def _overlap(self, name: str, subjects: Collection[str]) -> ConfigurationError:
        found: set[str] = set()
        for subject in subjects:
            found.update((await self._jetstream.call("STREAM.NAMES", {"subject": subject})).get("streams") or ())
        others = ", ".join(sorted(found - {name})) or "another one"
        return ConfigurationError(
            f"the stream {name} cannot hold {', '.join(subjects)}, because {others} holds some of it",
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
