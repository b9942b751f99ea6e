"""What groups have not handled yet, from their documents and the streams."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from eventkit.bus.nats.documents import Documents
from eventkit.bus.nats.jetstream import JetStream, StreamState
from eventkit.bus.nats.names import REPLAYED, is_type
from eventkit.bus.nats.partition import Progress
from eventkit.bus.protocol import Lag

_AT_ONCE: Final = 32
_FORGOTTEN_AFTER: Final = 5_000_000_000  # nanoseconds


@dataclass(slots=True)
class _Sum:
    total: int = 0
    out: int = 0
    retrying: int = 0
    dead: int = 0
    oldest: datetime | None = None

    def note(self, at: datetime | None) -> None:
        if at is not None and (self.oldest is None or at < self.oldest):
            self.oldest = at


class _Unfinished:
    """What a log's progress says of what is not finished.

    Args:
        text: What `Cursor.to_json` wrote.
    """

    def __init__(self, text: str) -> None:
        fields: Mapping[str, Any] = json.loads(text)
        self.position = int(fields["position"])
        self.high = int(fields["high"])
        self.holes = {place for first, last in fields.get("holes", ()) for place in range(first, last + 1)}
        self._attempts = {int(place): int(count) for place, count in fields.get("attempts", {}).items()}
        self._failures = {int(place): len(failures) for place, failures in fields.get("failures", {}).items()}

    def is_finished(self, place: int) -> bool:
        return place < self.high and place not in self.holes

    def is_out(self, place: int) -> bool:
        return self._attempts.get(place, 0) > self._failures.get(place, 0)

    def is_retrying(self, place: int) -> bool:
        return place in self._failures and not self.is_out(place)

    @property
    def out(self) -> int:
        return sum(map(self.is_out, self._attempts))

    @property
    def retrying(self) -> int:
        return sum(map(self.is_retrying, self._failures))


class Looker:
    """Looks once.

    Args:
        jetstream: The server.
        documents: The bus's documents.
    """

    def __init__(self, jetstream: JetStream, documents: Documents) -> None:
        self._jetstream = jetstream
        self._names = jetstream.names
        self._documents = documents
        self._sums: dict[tuple[str, str], _Sum] = {}
        self._states: dict[str, StreamState | None] = {}
        self._busy = asyncio.Semaphore(_AT_ONCE)

    async def look(self) -> list[Lag]:
        """Return what groups have not handled yet, sorted by group and domain; raises BusError."""
        names = await self._documents.names("partitions.*.")
        found = await asyncio.gather(*map(self._document, names))
        handled: dict[str, set[str]] = {}
        for group, _, progress in found:
            handled.setdefault(group, set()).update(progress.types)
        for group, types in handled.items():
            for type in types:
                self._sum(group, type)
        streams = {self._names.stream_with(log) for logs in handled.values() for log in (*logs, REPLAYED)}
        for stream in sorted(streams):
            self._states[stream] = await self._jetstream.state(stream)
        await asyncio.gather(
            *(
                self._log(group, number, log, _Unfinished(progress.logs[name]))
                for group, number, progress in found
                for log in (*handled[group], REPLAYED)
                if (name := self._names.progress(log)) in progress.logs
            )
        )
        await self._dead()
        return [
            Lag(group, domain, each.total - each.out - each.retrying, each.out, each.retrying, each.dead, each.oldest)
            for (group, domain), each in sorted(self._sums.items())
        ]

    async def _document(self, name: str) -> tuple[str, int, Progress]:
        _, group, number = name.split(".")
        async with self._busy:
            return group, int(number), Progress.of(name, await self._documents.get(name))

    def _sum(self, group: str, type: str) -> _Sum:
        return self._sums.setdefault((group, self._names.shown(type) if is_type(type) else ""), _Sum())

    async def _log(self, group: str, number: int, log: str, unfinished: _Unfinished) -> None:
        state = self._states[self._names.stream_with(log)]
        if state is None or (state.last < unfinished.high and not unfinished.holes):
            return
        if log == REPLAYED:
            await self._replayed(group, number, unfinished)
            return
        stream, subjects = self._names.stream_with(log), [*self._names.subjects_of([log], number)]
        counts = await asyncio.gather(*(self._count(stream, subject, unfinished.high) for subject in subjects))
        total = len(unfinished.holes) + sum(counts)
        if total:
            found = self._sum(group, log)
            found.total += total
            found.out += unfinished.out
            found.retrying += unfinished.retrying
            for subject in subjects:
                stored = await self._jetstream.stored(stream, seq=max(unfinished.position, 1), next_by_subj=subject)
                found.note(None if stored is None else stored.at)

    async def _count(self, stream: str, subject: str, first: int) -> int:
        """Return how many messages a subject has from a place on."""
        name = f"lag-{random.getrandbits(48):012x}"
        config = {
            "name": name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": max(first, 1),
            "ack_policy": "none",
            "filter_subject": subject,
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": _FORGOTTEN_AFTER,
        }
        async with self._busy:
            question = {"stream_name": stream, "config": config}
            info = await self._jetstream.call(f"CONSUMER.CREATE.{stream}.{name}.{subject}", question)
            await self._jetstream.call(f"CONSUMER.DELETE.{stream}.{name}", {})
        return int(info["num_pending"])

    async def _replayed(self, group: str, number: int, unfinished: _Unfinished) -> None:
        # There are few, and each tells its type.
        prefix = self._names.replay_subject(group, number, "")
        place = max(unfinished.position, 1)
        while (
            stored := await self._jetstream.stored(self._names.replay, seq=place, next_by_subj=f"{prefix}>")
        ) is not None:
            place = stored.sequence + 1
            if not unfinished.is_finished(stored.sequence):
                found = self._sum(group, stored.subject.removeprefix(prefix))
                found.total += 1
                found.out += unfinished.is_out(stored.sequence)
                found.retrying += unfinished.is_retrying(stored.sequence)
                found.note(stored.at)

    async def _dead(self) -> None:
        all_dead = self._names.all_dead
        counts: Iterable[tuple[str, int]] = (await self._jetstream.subjects(self._names.dead, all_dead)).items()
        for subject, count in counts:
            group, _, type = subject.removeprefix(all_dead.rstrip(">")).partition(".")
            self._sum(group, type).dead += count
