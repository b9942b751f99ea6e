"""`Partition`: the document of one partition of a group, and what its owner knows of it.

The document names the owner, and for each log the progress of the group in it. A log is one event type, so that a type
that is new to the group starts with its past; or it is what was replayed to the group.

    {"owner": "4f1c09a2b7e3", "by": "4f1c09a2b7e3", "writes": 12, "types": ["order.created"],
     "made": {"order-stream": "2026-11-27T..."}, "logs": {"order.created": {...}}}

`made` tells when the streams were made: progress counts only in the stream in which it was made. Where a stream has a
name that was given to it, that stands behind the type, `order.created@sales`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from eventkit.bus.nats.documents import Conflict, Document, Documents
from eventkit.bus.nats.jetstream import StreamState
from eventkit.bus.nats.names import REPLAYED, Names
from eventkit.bus.nats.reader import Reader
from eventkit.bus.partitions.cursor import Cursor
from eventkit.contract.errors import BusError


@dataclass(frozen=True, slots=True)
class Progress:
    """What a partition's document says.

    Args:
        owner: The instance that owns it; empty where nobody does.
        made: When the streams were made.
        logs: The progress in each log, as text.
        revision: The document's revision.
        types: What its owner handles.
    """

    owner: str = ""
    made: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    types: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, document: Document | None) -> Progress:
        """Return what a document says, or nothing where there is none; raises BusError where it cannot be read."""
        if document is None:
            return cls()
        try:
            fields: Any = json.loads(document.text)
            made = {str(stream): str(at) for stream, at in fields["made"].items()}
            logs = {str(log): json.dumps(progress) for log, progress in fields["logs"].items()}
            return cls(str(fields["owner"]), made, logs, document.revision, tuple(map(str, fields["types"])))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BusError(
                f"the document {name} does not say how far a group got", mend=f"look at it: nats kv get eventkit {name}"
            ) from error


def document_of(group: str, partition: int) -> str:
    """Return the name of a partition's document."""
    return f"partitions.{group}.{partition}"


async def free(documents: Documents, name: str, owner: str, progress: Progress) -> None:
    """Let others have a partition that has an owner who does not know of it; raises Conflict, and BusError.

    Args:
        documents: The bus's documents.
        name: The partition's.
        owner: Who is its owner: the caller.
        progress: What it says.
    """
    text = _text("", owner, -progress.revision, json.dumps(progress.types), progress.made, progress.logs)
    await documents.put(name, text, progress.revision)


class Partition:
    """A partition that this instance owns.

    Args:
        documents: The bus's documents.
        names: What the bus calls things.
        group: The group.
        number: Which partition.
        owner: This instance.
        streams: The streams that it is read from.
        progress: How far the group got.
        types: The types that the group handles.
    """

    def __init__(
        self,
        documents: Documents,
        names: Names,
        group: str,
        number: int,
        owner: str,
        streams: Mapping[str, StreamState],
        progress: Progress,
        types: Collection[str],
    ) -> None:
        self.number = number
        self.readers: list[Reader] = []
        self._documents = documents
        self._names = names
        self._document = document_of(group, number)
        self._owner = owner
        self._made = {**progress.made, **{stream: state.made for stream, state in streams.items()}}
        self._revision = progress.revision
        self._writes = 0
        self._writing = asyncio.Lock()
        # Also of types that this instance does not handle, but another one, newer or older, does.
        self._logs = dict(progress.logs)
        self._types = json.dumps(sorted(types))
        self.cursors: dict[str, Cursor] = {}
        for log in (*sorted(types), REPLAYED):
            stream = names.stream_with(log)
            text = progress.logs.get(names.progress(log))
            if text is None or progress.made.get(stream) != streams[stream].made:
                self.cursors[log] = Cursor(log, number, streams[stream].first)
            else:
                self.cursors[log] = Cursor.from_json(log, number, text)

    async def write(self, changed: Collection[Cursor] = (), *, owner: str | None = None) -> None:
        """Write the document; raises Conflict where somebody else has written it, and BusError.

        Args:
            changed: The cursors whose progress is new.
            owner: Who owns it from now on; this instance by default.
        """
        for cursor in changed:
            if self.cursors.get(cursor.log) is cursor:
                self._logs[self._names.progress(cursor.log)] = cursor.to_json(_LARGEST)
        async with self._writing:  # one after the other, each with the revision that the one before made
            self._writes += 1
            now = self._owner if owner is None else owner
            text = _text(now, self._owner, self._writes, self._types, self._made, self._logs)
            try:
                self._revision = await self._documents.put(self._document, text, self._revision)
            except Conflict:
                # It was removed with the whole bucket: what this instance knows is all that is known.
                if await self._documents.get(self._document) is not None:
                    raise
                self._revision = await self._documents.put(self._document, text, 0)

    def logs_of(self, stream: str) -> Sequence[Cursor]:
        """Return the cursors of a stream's logs."""
        return [cursor for log, cursor in self.cursors.items() if self._names.stream_with(log) == stream]

    @property
    def streams(self) -> list[str]:
        """The streams that it is read from."""
        return list(dict.fromkeys(map(self._names.stream_with, self.cursors)))

    def made(self, stream: str) -> str:
        """Return when a stream was made."""
        return self._made[stream]

    def advance(self) -> list[Cursor]:
        """Note for logs in which nothing came how far they were read; return those for which that is new."""
        advanced = []
        for reader in self.readers:
            for cursor in self.logs_of(reader.stream):
                if cursor.read < reader.next:
                    cursor.skip(reader.next - 1)
                    advanced.append(cursor)
        return advanced

    def stop(self) -> None:
        """Read no more."""
        for reader in self.readers:
            reader.stop()
        self.readers.clear()


def _text(owner: str, by: str, writes: int, types: str, made: Mapping[str, str], logs: Mapping[str, str]) -> str:
    """Return what a document says; `types` and the values of `logs` are JSON."""
    about = f'"owner":{json.dumps(owner)},"by":"{by}","writes":{writes},"types":{types},"made":{json.dumps(made)}'
    progress = ",".join([f"{json.dumps(log)}:{text}" for log, text in logs.items()])
    return f'{{{about},"logs":{{{progress}}}}}'


_LARGEST: Final = 262_144  # bytes of the progress in one log
