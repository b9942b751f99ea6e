"""One connection to the server, shared by all that is asked at once.

Commands are written as they come, together with those of the same turn of the event loop; answers come in the same
order. So 64 publishers cost one write and one read, and one does not wait for the other. The client library opens the
connection, authenticates, and reads answers; it repeats nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from importlib import import_module
from typing import Any, Final

from redis import exceptions
from redis.asyncio.connection import AbstractConnection
from redis.utils import HIREDIS_AVAILABLE

Argument = bytes | str | int

PATIENCE: Final = 10.0
"""Seconds without an answer after which the server, or the way to it, is taken to be gone."""
_STRIKES: Final = 4


class Link:
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
        self._something_unsent = asyncio.Event()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._answers = 0
        self._seen = 0
        self._strikes = 0
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._read())]
        self._watch: asyncio.TimerHandle | None = None

    async def ask(self, *command: Argument) -> Any:
        """Send one command and return its answer.

        Cancelling the wait does not take the command back.

        Raises:
            redis.RedisError: The server refuses it, or the connection broke; then it may have been executed.
        """
        answer = self._enqueue(command)
        self._something_unsent.set()
        return await answer

    def begin(self, *command: Argument) -> asyncio.Future[Any]:
        """Send one command before this returns, so that the server is at work while the caller is; return its answer.

        Raises:
            redis.RedisError: The connection broke earlier.
        """
        answer = self._enqueue(command)
        unsent, self._unsent = self._unsent, []
        # The client library knows no way to write that does not wait for the event loop's next turn.
        writer = self._connection._writer
        if writer is not None:
            writer.write(b"".join(unsent))
        return answer

    def _enqueue(self, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        if self.error is not None:
            raise self.error
        self._unsent.append(pack(*command))
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(answer)
        if self._watch is None:
            self._strikes = 0
            self._watch = self._loop.call_later(self._patience / _STRIKES, self._look)
        return answer

    async def close(self) -> None:
        """Wait for the answers that are missing, unless it is broken, and disconnect."""
        if self._waiting:
            await asyncio.wait(set(self._waiting))
        self._fail(exceptions.ConnectionError("the connection was closed"))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(exceptions.RedisError, OSError):
            await self._connection.disconnect()

    async def _write(self) -> None:
        try:
            while True:
                await self._something_unsent.wait()
                self._something_unsent.clear()
                unsent, self._unsent = self._unsent, []
                if not unsent:
                    continue
                await self._connection.send_packed_command(b"".join(unsent), check_health=False)
        except (exceptions.RedisError, OSError) as error:
            self._fail(error)

    async def _read(self) -> None:
        read = self._connection.read_response
        waiting = self._waiting
        try:
            while True:
                try:
                    answer = await read(disconnect_on_error=False)
                except exceptions.ConnectionError:
                    raise
                except exceptions.ResponseError as error:
                    future = waiting.popleft()
                    if not future.done():
                        future.set_exception(error)
                    if isinstance(error, exceptions.ReadOnlyError) or "READONLY" in str(error):
                        raise  # the primary has become a replica: its name may lead to another server by now
                else:
                    future = waiting.popleft()
                    if not future.done():
                        future.set_result(answer)
                self._answers += 1
        except (exceptions.RedisError, OSError) as error:
            self._fail(error)

    def _look(self) -> None:
        """See whether answers come, as long as some are missing."""
        self._watch = None
        if not self._waiting:
            return
        # Several looks: after one that an event loop which was blocked is late for, the reader has its turn first.
        self._strikes = self._strikes + 1 if self._seen == self._answers else 0
        self._seen = self._answers
        if self._strikes >= _STRIKES:
            self._fail(exceptions.TimeoutError(f"no answer within {self._patience:g} s"))
        else:
            self._watch = self._loop.call_later(self._patience / _STRIKES, self._look)

    def _fail(self, error: Exception) -> None:
        if self.error is None:
            self.error = error
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(self.error)
        for task in self._tasks:
            task.cancel()


def _packed(*command: Argument) -> bytes:
    """Return a command as the protocol has it: an array of strings (RESP2)."""
    words = [b"*%d\r\n" % len(command)]
    for word in command:
        data = word if isinstance(word, bytes) else str(word).encode()
        words.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(words)


def _packed_by_hiredis(*command: Argument) -> bytes:
    packed: bytes = _HIREDIS.pack_command(command)
    return packed


_HIREDIS: Final[Any] = import_module("hiredis") if HIREDIS_AVAILABLE else None
pack: Final = _packed_by_hiredis if HIREDIS_AVAILABLE else _packed
