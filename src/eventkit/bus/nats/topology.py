"""What the bus keeps in a NATS server; `names.py` says what it is called."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eventkit.bus.nats.documents import Conflict, Documents
from eventkit.bus.nats.jetstream import NO_STREAM, OTHER_CONFIGURATION, OVERLAP, APIError, JetStream
from eventkit.contract.errors import BusError, ConfigurationError

_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400.0
_DUPLICATE_WINDOW: Final = 120 * _SECOND
_DURATIONS: Final = {"max_age", "duplicate_window"}
"""Fields in nanoseconds."""
_LAYOUT: Final = "layout"
_FIXED: Final = {"subjects", "retention", "max_msgs_per_subject"}
"""Fields on which the bus depends, whoever makes its streams."""
_MEND: Final = "connect with the settings that it has, or change it with `nats stream edit`"
_Wanted = Mapping[str, Any]  # a stream's configuration
_Difference = tuple[str, str]  # what differs, and how to mend it


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
        self._ours = json.dumps({"partitions": layout.partitions})

    async def look(self) -> None:
        """See whether what every bus needs is as it should be, as far as it is there; makes nothing.

        Raises:
            ConfigurationError: Something is another one; with all that differs, in the streams of domains, too.
            BusError: The server cannot be used.
        """
        own = await self._find(self._own())
        differences = self._differences(own) + await self._other_partitions()
        if differences:
            streams = filter(self._names.is_stream, await self._jetstream.streams())
            raise self._contradiction(differences + self._differences(await self._find(self._of_events(streams))))

    async def declare(self, types: Collection[str] = ()) -> None:
        """See to what every bus needs, and to the streams of some types; makes what is missing, where it may.

        Raises:
            ConfigurationError: Something is another one; with all that differs. Then nothing is made.
            BusError: Something is missing and may not be made, or the server cannot be used.
        """
        found = await self._find([*self._own(), *self._of_events(map(self._names.stream, types))])
        differences = self._differences(found) + await self._other_partitions()
        if differences:
            raise self._contradiction(differences)
        await self._make(found)
        await self._agree()

    async def declare_streams(self, types: Collection[str]) -> None:
        """See to the streams of some types alone; raises as `declare`."""
        found = await self._find(self._of_events(map(self._names.stream, types)))
        differences = self._differences(found)
        if differences:
            raise self._contradiction(differences)
        await self._make(found)

    def _own(self) -> list[_Wanted]:
        names = self._names
        documents = {"max_msgs_per_subject": 1, "allow_rollup_hdrs": True}
        return [
            self._wanted(names.bucket, [f"{names.documents}>"], documents),
            self._wanted(names.dead, [names.all_dead], {}),
            self._wanted(names.replay, [names.all_replayed], {}),
        ]

    def _of_events(self, streams: Iterable[str]) -> list[_Wanted]:
        layout = self._layout
        age = int(layout.retention * _DAY * _SECOND)
        limits = {
            "max_age": age,
            "max_bytes": layout.max_bytes or -1,
            "duplicate_window": min(_DUPLICATE_WINDOW, age),
        }
        return [self._wanted(each, self._names.subjects_in(each), limits) for each in sorted(set(streams))]

    def _wanted(self, name: str, subjects: list[str], more: Mapping[str, object]) -> _Wanted:
        return {
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

    async def _find(self, streams: Collection[_Wanted]) -> list[tuple[_Wanted, _Wanted | None]]:
        """Return what is wanted of streams, each with what it is; None where it is not there."""
        return [(wanted, await self._config(str(wanted["name"]))) for wanted in streams]

    async def _config(self, name: str) -> _Wanted | None:
        try:
            config: _Wanted = (await self._jetstream.call(f"STREAM.INFO.{name}", {}))["config"]
        except APIError as error:
            if error.number == NO_STREAM:
                return None
            raise
        return config

    async def _make(self, streams: Collection[tuple[_Wanted, _Wanted | None]]) -> None:
        missing = [wanted for wanted, found in streams if found is None]
        if missing and not self._layout.create:
            raise self._missing(f"the stream {missing[0]['name']}")
        for wanted in missing:
            name = str(wanted["name"])
            try:
                await self._jetstream.call(f"STREAM.CREATE.{name}", wanted)
            except APIError as error:
                if error.number == OVERLAP:
                    raise await self._overlap(name, wanted["subjects"]) from None
                if error.number != OTHER_CONFIGURATION:
                    raise
                # Somebody else has made it meanwhile.
                if differences := self._differences(await self._find([wanted])):
                    raise self._contradiction(differences) from None

    async def _other_partitions(self) -> list[_Difference]:
        found = await self._documents.get(_LAYOUT)
        if found is None or found.text == self._ours:
            return []
        theirs = json.loads(found.text).get("partitions")
        return [
            (
                f"the bus has {theirs} partitions, not {self._layout.partitions}",
                f"connect with partitions={theirs}; the number cannot be changed",
            )
        ]

    async def _agree(self) -> None:
        """See to it that all have the same number of partitions: a key must not be in two of them."""
        if await self._documents.get(_LAYOUT) is not None:
            return
        if not self._layout.create:
            raise self._missing("the number of partitions")
        try:
            await self._documents.put(_LAYOUT, self._ours, 0)
        except Conflict:
            if differences := await self._other_partitions():
                raise self._contradiction(differences) from None

    def _differences(self, streams: Collection[tuple[_Wanted, _Wanted | None]]) -> list[_Difference]:
        """Return what differs in streams that are there."""
        differences: list[_Difference] = []
        for wanted, found in streams:
            fields = wanted.keys() if self._layout.create else _FIXED
            told = [] if found is None else [
                f"{field} is {_readable(field, found.get(field))}, not {_readable(field, wanted[field])}"
                for field in wanted
                if field in fields and found.get(field) != wanted[field]
            ]  # fmt: skip
            if told:
                what = f"the stream {wanted['name']} is another one than this bus needs: {', '.join(told)}"
                differences.append((what, _MEND))
        return differences

    def _contradiction(self, differences: Collection[_Difference]) -> ConfigurationError:
        whats, mends = zip(*differences, strict=True)
        return ConfigurationError("; ".join(whats), where=self._where, mend="; ".join(dict.fromkeys(mends)))

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

    def _missing(self, what: str) -> BusError:
        return BusError(
            f"{what} is not there, and create=false", where=self._where, mend="make it, or connect with create=true"
        )


def _readable(field: str, value: object) -> str:
    """Return a setting of a stream as people write it; days are what `retention` counts."""
    if field not in _DURATIONS or not isinstance(value, int):
        return repr(value)
    days = value / _SECOND / _DAY
    return f"{days:,g} day{'' if days == 1 else 's'}" if days >= 1 else f"{value / _SECOND:,g} s"
