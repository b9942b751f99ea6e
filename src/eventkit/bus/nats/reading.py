"""`Reading`: what the partitions of one instance are read with, and what becomes of messages that are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from eventkit.bus.nats.jetstream import JetStream
from eventkit.bus.nats.messages import read
from eventkit.bus.nats.names import REPLAYED
from eventkit.bus.nats.partition import Partition
from eventkit.bus.nats.reader import Reader
from eventkit.bus.partitions.cursor import Cursor
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Unreadable

_WINDOW: Final = 2048
"""Messages that are asked for or wait to be handled, of all partitions together. They come and go in rows of one
partition, so that with more of them fewer requests are sent, and fewer documents written for each."""
_LEAST_WINDOW: Final = 32

Feed = Callable[[Cursor, int, Envelope | Unreadable], None]
"""Takes what was read at a place."""

logger: Final = logging.getLogger("eventkit.bus.nats")


class Reading:
    """Begins to read partitions.

    Args:
        jetstream: The server.
        group: The group.
        feed: Takes what was read.
        here: Tells how many messages of a partition wait to be handled.
        shared: Tells how many partitions there are to be read.
        gone: Is called with a partition one of whose streams is gone, or another one stands in its place.
    """

    def __init__(
        self,
        jetstream: JetStream,
        group: str,
        feed: Feed,
        here: Callable[[int], int],
        shared: Callable[[], int],
        gone: Callable[[int], None],
    ) -> None:
        self._jetstream = jetstream
        self._names = jetstream.names
        self._group = group
        self._feed = feed
        self._here = here
        self._shared = shared
        self._gone = gone
        self._reported: dict[str, int] = {}

    def begin(self, partition: Partition) -> None:
        """Read all streams of a partition, each from where the group is."""
        partition.readers = [self._reader(partition, stream) for stream in partition.streams]

    def _reader(self, partition: Partition, stream: str) -> Reader:
        number, cursors = partition.number, partition.logs_of(stream)
        by_subject: dict[bytes, Cursor] = {}
        if stream == self._names.replay:
            subjects = [self._names.replay_subject(self._group, number, ">")]
        else:
            found = self._names.subjects_of([cursor.log for cursor in cursors], number)
            subjects = list(found)
            by_subject = {subject.encode(): partition.cursors[type] for subject, type in found.items()}

        def take(place: int, subject: bytes, data: bytes, headers: bytes | None) -> None:
            cursor = by_subject.get(subject)
            if cursor is not None:
                self._feed(cursor, place, read(headers, data))

        def take_replayed(place: int, subject: bytes, data: bytes, headers: bytes | None) -> None:
            self._feed(partition.cursors[REPLAYED], place, read(headers, data))

        return Reader(
            self._jetstream,
            stream,
            f"{self._group}-{number}",
            subjects,
            partition.made(stream),
            min(cursor.read for cursor in cursors),
            take_replayed if stream == self._names.replay else take,
            self._window,
            partial(self._here, number),
            partial(self._lost, stream, cursors),
            partial(self._gone, number),
        )

    def _window(self) -> int:
        return max(_LEAST_WINDOW, _WINDOW // max(self._shared(), 1))

    def _lost(self, stream: str, cursors: Sequence[Cursor], first: int) -> None:
        """Events were removed before they were read."""
        begun = min(cursor.read for cursor in cursors)
        for cursor in cursors:
            cursor.begin(first)
        if stream == self._names.replay:
            return  # what is handled is removed, whoever had to handle it
        if first <= self._reported.get(stream, 0):
            return  # another partition said so
        self._reported[stream] = first
        logger.error(
            "what stood between %d and %d in %s was removed, by its retention or by hand, before %s had read it",
            begun,
            first - 1,
            stream,
            self._group,
        )
