"""Looking at events as they pass: readers of their own, which belong to no group and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import datetime
from typing import Final

from eventkit.bus.nats.jetstream import JetStream, StreamState
from eventkit.bus.nats.messages import read
from eventkit.bus.nats.names import is_type
from eventkit.bus.nats.reader import Reader
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Unreadable

_LOOK_EVERY: Final = 0.5
"""Seconds after which a follower looks whether there is a new stream, or the bus was closed."""
_WINDOW: Final = 256  # events that wait to be looked at


async def follow(
    jetstream: JetStream, types: Collection[str] | None, since: datetime | None
) -> AsyncGenerator[Envelope | Unreadable, None]:
    """Yield events as they are published, until the bus is closed.

    Args:
        jetstream: The server.
        types: Event types; all by default.
        since: Begin with what was stored from this time on; by default with what is stored from now on.

    Raises:
        BusError: The bus cannot be read.
    """
    follower = _Follower(jetstream, types, since)
    try:
        while jetstream.connection.is_open:
            await follower.look()
            while (found := await follower.next()) is not None:
                yield found
        if not follower.looked:
            raise jetstream.connection.not_open()
    except BusError:
        if jetstream.connection.is_open or not follower.looked:
            raise
    finally:
        follower.stop()


class _Follower:
    def __init__(self, jetstream: JetStream, types: Collection[str] | None, since: datetime | None) -> None:
        self.looked = False
        self._jetstream = jetstream
        self._names = jetstream.names
        self._types = None if types is None else {each for each in types if is_type(each)}
        self._since = since
        self._readers: dict[str, Reader] = {}
        self._found: asyncio.Queue[Envelope | Unreadable] = asyncio.Queue()

    async def look(self) -> None:
        """See which streams there are."""
        names = set(await self._jetstream.streams())
        if self._types is None:
            wanted = set(filter(self._names.is_stream, names))
        else:
            wanted = set(map(self._names.stream, self._types)) & names
        for stream in sorted(wanted - self._readers.keys()):
            state = await self._jetstream.state(stream)
            if state is not None:
                # A stream that comes later is new, and so is all that it holds.
                first = state.first if self.looked else await self._begin(stream, state)
                self._readers[stream] = self._reader(stream, state.made, first)
        self.looked = True

    async def next(self) -> Envelope | Unreadable | None:
        """Return the next event; None where it is time to look again."""
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                found = await self._found.get()
        except TimeoutError:
            return None
        for reader in self._readers.values():
            reader.refill()
        return found

    def stop(self) -> None:
        """Read no more."""
        for reader in self._readers.values():
            reader.stop()

    async def _begin(self, stream: str, state: StreamState) -> int:
        """Return the place of the first message that counts."""
        if self._since is None:
            return state.last + 1
        low, high = state.first, state.last + 1
        while low < high:
            middle = (low + high) // 2
            stored = await self._jetstream.stored(stream, seq=middle, next_by_subj=">")
            if stored is None or stored.at >= self._since:
                high = middle
            else:
                low = stored.sequence + 1
        return low

    def _reader(self, stream: str, made: str, first: int) -> Reader:
        if self._types is None:
            subjects = self._names.subjects_in(stream)
        else:
            ours = [each for each in self._types if self._names.stream(each) == stream]
            subjects = self._names.subjects_everywhere(ours)

        def take(place: int, subject: bytes, data: bytes, headers: bytes | None) -> None:
            message = read(headers, data)
            if self._types is None or (isinstance(message, Envelope) and message.type in self._types):
                self._found.put_nowait(message)

        return Reader(
            self._jetstream,
            stream,
            "follow",
            subjects,
            made,
            first,
            take,
            lambda: _WINDOW,
            self._found.qsize,
            lambda first: None,
            lambda: self._forget(stream),
        )

    def _forget(self, stream: str) -> None:
        self._readers.pop(stream).stop()
