"""`Client`: nats-py for the connection, its encryption and its login; messages take a way of their own.

nats-py hands each message through a parsed header, an object, a queue and a task, which takes five times as long as all
that is left here. So this class sends commands and routes messages by itself. It does not let nats-py connect again
either, which gives up after an error of the server and waits for a connection that nobody answers on: `Connection`
makes a new client instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from nats import errors
from nats.aio.client import Client as NATSClient
from nats.protocol.parser import Parser

from eventkit.bus.nats.denial import Denial, read_denial

Route = Callable[[bytes, bytes, bytes, bytes | None], None]
"""Takes a message: its subject, where to answer, its data, and its headers as they came."""

logger: Final = logging.getLogger("eventkit.bus.nats")


class _Parser(Parser):
    """Reads all messages of what has come in one go, and leaves everything else to nats-py's own parser."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._client = client

    async def parse(self, data: bytes = b"") -> None:
        if self.buf:
            data = bytes(self.buf) + data
            self.buf.clear()
        begin, take = 0, self._client.take
        while (end := data.find(b"\r\n", begin)) >= 0:
            words = data[begin:end].split()
            verb = words[0] if words else b""
            if verb in (b"MSG", b"HMSG"):
                # HMSG <subject> <number> [<reply>] <size of headers> <size>, or MSG without headers and their size.
                with_headers = verb == b"HMSG"
                body, last = end + 2, end + 2 + int(words[-1])
                if last + 2 > len(data):
                    break
                middle = body + int(words[-2]) if with_headers else body
                reply = words[3] if len(words) == 5 + with_headers else b""
                take(int(words[2]), words[1], reply, data[middle:last], data[body:middle] if with_headers else None)
                begin = last + 2
            elif denial := verb == b"-ERR" and read_denial(data[begin:end]):
                self._client.denied(denial)
                begin = end + 2
            else:
                await super().parse(data[begin : end + 2])
                begin = end + 2
        self.buf.extend(data[begin:])


class Client(NATSClient):
    """One connection to one server.

    Args:
        encrypt: Speak TLS or not at all.
        lost: Is called when the connection has ended, once or more often.
        denied: Is called where the user lacks a right.
    """

    def __init__(self, *, encrypt: bool, lost: Callable[[], None], denied: Callable[[Denial], None]) -> None:
        super().__init__()
        self.denied = denied
        self._encrypt = encrypt
        self._lost = lost
        self._routes: dict[int, Route] = {}
        self._commands: list[bytes] = []
        self._ps = _Parser(self)

    @property
    def server_version(self) -> tuple[int, int]:
        """The server's version, as (2, 10); (0, 0) where it does not say."""
        major, _, rest = str(self._server_info.get("version", "")).partition(".")
        minor = rest.partition(".")[0]
        return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)

    def send(self, command: bytes) -> None:
        """Send a command together with all others of this turn of the event loop."""
        if not self._commands:
            asyncio.get_running_loop().call_soon(self._send_all)
        self._commands.append(command)

    def route(self, subject: str, route: Route) -> int:
        """Have messages to a subject taken by a function; return the number of the subscription."""
        self._sid += 1
        self._routes[self._sid] = route
        self.send(b"SUB %b %d\r\n" % (subject.encode(), self._sid))
        return self._sid

    def unroute(self, number: int) -> None:
        """End a subscription."""
        if self._routes.pop(number, None) is not None:
            self.send(b"UNSUB %d\r\n" % number)

    def take(self, number: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        """Hand a message to its route."""
        route = self._routes.get(number)
        if route is not None:
            try:
                route(subject, reply, data, headers)
            except Exception:  # it would end the reading of the connection, silently
                logger.exception("a message could not be taken")

    def _send_all(self) -> None:
        commands, self._commands = self._commands, []
        if self.is_connected:
            self._transport.write(commands[0] if len(commands) == 1 else b"".join(commands))  # type: ignore[union-attr]

    # What follows is called by nats-py.

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if self._encrypt and initial_connection:
            # Before the login is sent: nats-py sends it unencrypted to a server that does not ask for TLS.
            if not (info.get("tls_required") or info.get("tls_available")):
                raise errors.SecureConnWantedError
            info["tls_required"] = True
        await super()._process_info(info, initial_connection)

    async def _process_op_err(self, e: Exception) -> None:
        # Not nats-py's own way, which waits until all is sent, also where nobody takes it.
        self._lost()
