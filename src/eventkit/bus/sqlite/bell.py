"""How an instance that waits for events hears of new ones, in whatever process they are published.

Each instance has a UDP socket on the loopback interface, and its port stands in `listeners`. Who commits something for
it sends it an empty datagram: no thread waits, nothing polls, and any process can send one. A datagram says nothing but
"look". Where one is lost, or where processes do not share a loopback interface (containers with one volume), the event
waits `TICK` seconds at the most: then an instance looks by itself. Unix sockets would do as well, but their paths are
limited to about 100 bytes and Python lacks them on Windows; notifications of file changes differ on every system.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from typing import Final

TICK: Final = 1.0
_LOOPBACK: Final = "127.0.0.1"


class Bell(asyncio.DatagramProtocol):
    """The ear of one instance."""

    def __init__(self) -> None:
        self.closed = False
        self._rung = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> int | None:
        """Start to listen; return the port, or None on a machine that has no loopback interface."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(_LOOPBACK, 0))
            return int(self._transport.get_extra_info("sockname")[1])
        return None

    def close(self) -> None:
        """Stop listening, and end a wait."""
        self.closed = True
        self.ring()
        if self._transport is not None:
            self._transport.close()

    def ring(self) -> None:
        """Let the current or the next wait end."""
        self._rung.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a datagram; asyncio calls this."""
        self.ring()

    async def wait(self, seconds: float) -> None:
        """Wait until it has rung since the last wait, or for so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()


class Ringer:
    """Rings the bells of other processes, and of this one. Used by one thread."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self, ports: Iterable[int]) -> None:
        """Ring the bells at these ports. Never waits, and does not care who listens."""
        for port in ports:
            with contextlib.suppress(OSError):
                self._socket.sendto(b"", (_LOOPBACK, port))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
