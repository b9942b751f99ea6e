"""How an instance that waits for events hears of new ones.

It blocks on the streams of its domains and on the bells of its group: short streams to which scripts add when something
that was held back may be handed out. Reading a stream without its group takes nothing from anybody.

The server does whatever is sent behind that as soon as the wait is over. So an instance takes what has come without
having to hear of it first, and an event is on its way for hardly longer than if the wait itself took it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

from eventkit.bus.redis.link import Argument, Link
from eventkit.bus.redis.server import Server
from eventkit.contract.errors import BusError

LISTEN: Final = 5.0
"""Seconds after which an instance looks by itself, whatever it has heard."""
_PATIENCE: Final = 3 * LISTEN
_GOODBYE: Final = 2.0  # seconds for ending a wait; a server that does not answer ends it with the connection


class Ear:
    """The ear of one instance.

    Args:
        server: The server; the ear has a connection of its own.
        bell: What wakes it.
    """

    def __init__(self, server: Server, bell: str | None) -> None:
        self.closed = asyncio.Event()
        self._server = server
        self._bell = bell
        self._link: Link | None = None

    async def connected(self) -> Link:
        """Return its connection.

        Raises:
            BusError: The server cannot be reached.
        """
        if self._link is None or self._link.error is not None:
            if self._link is not None:
                await self._link.close()
            self._link = await self._server.connect(_PATIENCE)
            if self.closed.is_set():
                await self._link.close()
        return self._link

    def listen(self, link: Link, seen: Mapping[str, str], seconds: float) -> asyncio.Future[Any]:
        """Wait for anything that is newer than what was seen; sent together with what is sent next.

        Args:
            link: Its connection.
            seen: The last entry that was seen of each stream.
            seconds: For how long, where that is shorter than `LISTEN`.
        """
        block = max(1, round(min(seconds, LISTEN) * 1000))
        command: list[Argument] = ["XREAD", "COUNT", 1, "BLOCK", block, "STREAMS", *seen, *seen.values()]
        woken = link.prepare(*command)
        woken.add_done_callback(_note)
        return woken

    async def wake(self) -> None:
        """End a wait that is under way."""
        if self._link is not None and self._link.busy and self._bell is not None:
            with contextlib.suppress(BusError):
                await self._server.ask("XADD", self._bell, "MAXLEN", 1, "*", "ring", 1)

    async def close(self) -> None:
        """End a wait, take nothing more, and disconnect."""
        self.closed.set()
        if self._link is not None:
            try:
                async with asyncio.timeout(_GOODBYE):
                    await self.wake()
                    await self._link.close()
            except TimeoutError:
                await self._link.close(at_once=True)


def _note(woken: asyncio.Future[Any]) -> None:
    # What is sent behind it fails with the same error where the connection breaks, and that is the one to tell.
    if not woken.cancelled():
        woken.exception()
