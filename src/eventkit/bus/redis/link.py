"""One connection to the server, shared by all that is asked at once.

A command is written at once where no answer is missing; the others of the same turn of the event loop are written
together. Answers come in the same order. So 64 publishers cost two writes and few reads, and one does not wait for the
other. The client library opens the connection and authenticates; then a link takes it over, because each task between
the socket and who asked costs as much as the server's work. It repeats nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

from hiredis import Reader, pack_command
from redis import exceptions
from redis.asyncio.connection import AbstractConnection

Argument = bytes | str | int

PATIENCE: Final = 10.0
"""Seconds without an answer after which the server, or the way to it, is taken to be gone."""
_STRIKES: Final = 4
_INCOMPLETE: Final = object()


class Link(asyncio.Protocol):
    """One connection.

    Args:
        connection: Connected; nobody else uses it.
        patience: Seconds in which the server has to answer.
    """

    def __init__(self, connection: AbstractConnection, patience: float = PATIENCE) -> None:
        self.error: Exception | None = None
        """Why it cannot be used any more."""
        self._connection = connection
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._answers = 0
        self._seen = 0
        self._strikes = 0
        self._watch: asyncio.TimerHandle | None = None
        self._reader = Reader(
            protocolError=exceptions.InvalidResponse,
            replyError=connection._parser.parse_error,
            notEnoughData=_INCOMPLETE,
        )
        assert connection._writer is not None  # noqa: S101 - for the type checker
        self._transport: Any = connection._writer.transport
        self._before = self._transport.get_protocol()
        self._transport.set_protocol(self)
        if self._transport.is_closing():
            self.fail(exceptions.ConnectionError("the server closed the connection"))

    async def ask(self, *command: Argument) -> Any:
        """Send one command and return its answer.

        Cancelling the wait does not take the command back.

        Raises:
            redis.RedisError: The server refuses it, or the connection broke; then it may have been executed.
        """
        answer = self.prepare(*command)
        if len(self._waiting) == 1:
            self._flush()
        elif len(self._unsent) == 1:
            self._loop.call_soon(self._flush)
        return await answer

    def begin(self, *command: Argument) -> asyncio.Future[Any]:
        """Send one command before this returns, so that the server is at work while the caller is; return its answer.

        Raises:
            redis.RedisError: The connection broke earlier.
        """
        answer = self.prepare(*command)
        self._flush()
        return answer

    def prepare(self, *command: Any) -> asyncio.Future[Any]:
        """Have a command sent together with the next one; return its answer.

        Raises:
            redis.RedisError: The connection broke earlier.
        """
        if self.error is not None:
            raise self.error
        self._unsent.append(pack_command(command))
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(answer)
        if self._watch is None:
            self._strikes = 0
            self._watch = self._loop.call_later(self._patience / _STRIKES, self._look)
        return answer

    def _flush(self) -> None:
        if self._unsent and self.error is None:
            unsent, self._unsent = self._unsent, []
            self._transport.write(b"".join(unsent))

    @property
    def busy(self) -> bool:
        """Whether answers are missing."""
        return bool(self._waiting)

    async def close(self, *, at_once: bool = False) -> None:
        """Wait for the answers that are missing, unless it is broken, and disconnect.

        Args:
            at_once: Do not wait.
        """
        if self._waiting and not at_once:
            await asyncio.wait(set(self._waiting))
        self.fail(exceptions.ConnectionError("the connection was closed"))
        with contextlib.suppress(exceptions.RedisError, OSError):
            await self._connection.disconnect()

    # -- what the event loop calls

    def data_received(self, data: bytes) -> None:
        """Take answers."""
        if self.error is not None:
            return
        waiting, reader = self._waiting, self._reader
        reader.feed(data)
        try:
            while (answer := reader.gets()) is not _INCOMPLETE:
                self._answers += 1
                future = waiting.popleft()
                if isinstance(answer, exceptions.RedisError):
                    if not future.done():
                        future.set_exception(answer)
                    if isinstance(answer, exceptions.ReadOnlyError) or "READONLY" in str(answer):
                        self.fail(answer)  # the primary has become a replica: its name may lead to another server
                        return
                elif not future.done():
                    future.set_result(answer)
        except (exceptions.InvalidResponse, IndexError) as error:
            self.fail(exceptions.InvalidResponse(f"the server sent what nobody asked for: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail for all who wait."""
        self._before.connection_lost(error)  # the client library waits for that when it disconnects
        lost = exceptions.ConnectionError(str(error or "the server closed the connection"))
        lost.__cause__ = error
        self.fail(lost)

    def _look(self) -> None:
        """See whether answers come, as long as some are missing."""
        self._watch = None
        if not self._waiting:
            return
        # Several looks: after one that an event loop which was blocked is late for, the answers have their turn first.
        self._strikes = self._strikes + 1 if self._seen == self._answers else 0
        self._seen = self._answers
        if self._strikes >= _STRIKES:
            self.fail(exceptions.TimeoutError(f"no answer within {self._patience:g} s"))
        else:
            self._watch = self._loop.call_later(self._patience / _STRIKES, self._look)

    def fail(self, error: Exception) -> None:
        """Use it no more: all who wait get the error, unless it had one before."""
        if self.error is None:
            self.error = error
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(self.error)
