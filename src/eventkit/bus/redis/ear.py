"""How an instance that waits for events hears of new ones.

It blocks on the streams of its domains and on the bells of its group: short streams to which scripts add when something
that was held back may be handed out. Reading a stream without its group takes nothing from anybody, so a wait that is
cancelled loses nothing. It goes on in the background, and the next wait joins it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis import exceptions

from eventkit.bus.redis.errors import explained
from eventkit.bus.redis.link import Argument, Link
from eventkit.bus.redis.server import Server

LISTEN: Final = 5.0
"""Seconds after which an instance looks by itself, whatever it has heard."""
_PATIENCE: Final = 3 * LISTEN


class Ear:
    """The ear of one instance.

    Args:
        server: The server; the ear has a connection of its own.
    """

    def __init__(self, server: Server) -> None:
        self.closed = False
        self._server = server
        self._link: Link | None = None
        self._listening: asyncio.Future[Any] | None = None
        self._closing = asyncio.get_running_loop().create_future()

    async def wait(self, seen: Mapping[str, str], seconds: float) -> None:
        """Wait for anything that is newer than what was seen, for `LISTEN` seconds at the most.

        Args:
            seen: The last entry that was seen of each stream.
            seconds: For how long to wait, where that is shorter; it may be infinite.

        Raises:
            BusError: The server cannot be reached.
        """
        if self.closed:
            return
        if not seen:  # it handles nothing
            await asyncio.wait({self._closing}, timeout=LISTEN)
            return
        if self._listening is None:
            self._listening = self._listen(seen)
        await asyncio.wait(
            {self._listening, self._closing}, timeout=min(seconds, _PATIENCE), return_when=asyncio.FIRST_COMPLETED
        )
        if not self.closed and self._listening is not None and self._listening.done():
            heard, self._listening = self._listening, None
            try:
                heard.result()
            except (exceptions.RedisError, OSError) as error:
                raise explained(error, self._server.where) from error

    def close(self) -> None:
        """End a wait, and every later one."""
        self.closed = True
        if not self._closing.done():
            self._closing.set_result(None)

    async def disconnect(self) -> None:
        """Stop listening."""
        self.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    def _listen(self, seen: Mapping[str, str]) -> asyncio.Future[Any]:
        command: list[Argument] = ["XREAD", "COUNT", 1, "BLOCK", int(LISTEN * 1000), "STREAMS", *seen, *seen.values()]
        if self._link is not None and self._link.error is None:
            return self._link.begin(*command)
        return asyncio.create_task(self._connect_and_ask(command))

    async def _connect_and_ask(self, command: Sequence[Argument]) -> Any:
        if self._link is not None:
            await self._link.close()
        self._link = await self._server.connect(_PATIENCE)
        return await self._link.ask(*command)
