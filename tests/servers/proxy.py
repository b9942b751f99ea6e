"""`Proxy`: stands between a client and a server, and does to their connections what networks do.

    with Proxy(server.port) as proxy:
        bus = connect(proxy.url(server.url))
        proxy.swallow(replies=True)   # what is asked is done, and nobody hears of it
        ...
        proxy.cut()                   # and now the connection is gone
        proxy.heal()

It runs in a thread with a loop of its own: a blocked test does not block it, and its methods work wherever they are
called. What they ask for holds when they return.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from tests.servers.server import free_port

T = TypeVar("T")

_CHUNK: Final = 65_536
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, and tell the other side by a reset


class Proxy:
    """A TCP proxy on the loopback interface.

    Args:
        target: The server's port.
        port: Where the proxy listens; a free port by default.
    """

    def __init__(self, target: int, *, port: int | None = None) -> None:
        self.target = target
        self.port = port or free_port()
        self._swallow_requests = False
        self._swallow_replies = False
        self._delay = 0.0
        self._swallowed = threading.Condition()
        self._bytes_swallowed = 0
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, url: str) -> str:
        """Return the server's URL, with the proxy's port in it."""
        return urlsplit(url)._replace(netloc=urlsplit(url).netloc.replace(f":{self.target}", f":{self.port}")).geturl()

    # What networks do.

    def cut(self) -> None:
        """Reset all connections, on both sides; new ones are taken."""
        self._do(self._cut)

    def refuse(self) -> None:
        """Refuse new connections, until `accept`; those that are there stay."""
        self._do(self._stop_listening)

    def accept(self) -> None:
        """Take new connections again."""
        self._do(self._listen)

    def swallow(self, *, requests: bool = False, replies: bool = False) -> None:
        """Drop what comes from now on, in one direction or both, on connections that stay open.

        Args:
            requests: What the client sends.
            replies: What the server sends.
        """

        async def set_both() -> None:
            self._swallow_requests, self._swallow_replies = requests, replies

        self._bytes_swallowed = 0
        self._do(set_both)

    def delay(self, seconds: float) -> None:
        """Hold what comes from now on for a time before it is passed on, in each direction."""

        async def set_delay() -> None:
            self._delay = seconds

        self._do(set_delay)

    def heal(self) -> None:
        """Pass everything on again. A connection of which something was swallowed stays as it is: cut it."""
        self.swallow()
        self.delay(0.0)
        self.accept()

    def wait_until_swallowed(self, within: float = 30.0) -> None:
        """Wait until something was dropped since `swallow` was called: a reply, for example, that is now lost.

        Args:
            within: Seconds.

        Raises:
            TimeoutError: Nothing came.
        """
        with self._swallowed:
            if not self._swallowed.wait_for(lambda: self._bytes_swallowed, within):
                raise TimeoutError(f"nothing was swallowed within {within} s")

    # Its life.

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await what()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            await stop_listening(self._listener)
            self._listener = None

    async def _cut(self) -> None:
        for writer in tuple(self._open):
            _reset(writer)
        self._open.clear()

    async def _close(self) -> None:
        await self._stop_listening()
        await self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._open.add(to_client)
        task = self._loop.create_task(self._connect(client, to_client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            self._open.discard(to_client)
            _reset(to_client)
            return
        if to_client not in self._open:  # it was cut meanwhile
            _reset(to_server)
            return
        self._open.add(to_server)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(client, to_server, lambda: self._swallow_requests))
                both.create_task(self._pass_on(server, to_client, lambda: self._swallow_replies))
        except* OSError:
            pass
        finally:
            for writer in (to_client, to_server):
                self._open.discard(writer)
                writer.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, swallowing: Callable[[], bool]
    ) -> None:
        while data := await source.read(_CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay)
            if swallowing():
                with self._swallowed:
                    self._bytes_swallowed += len(data)
                    self._swallowed.notify_all()
            else:
                sink.write(data)
                await sink.drain()
        if not swallowing():  # a half-open connection is one whose end nobody hears of
            with suppress(OSError):
                sink.write_eof()


async def stop_listening(server: asyncio.Server) -> None:
    """Close a server; connections stay, also those that it was about to take.

    `close` alone forgets these and leaves their sockets to the garbage collector (python/cpython#109564). It is not
    waited for its end: from Python 3.12 on it would wait for the connections, too.
    """
    for listening in server.sockets:
        server.get_loop().remove_reader(listening.fileno())
    for _ in range(5):  # so many turns of the event loop it takes to take a connection
        await asyncio.sleep(0)
    server.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
