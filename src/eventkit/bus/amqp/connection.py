"""Connections to RabbitMQ."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aiormq.channel import Channel
from aiormq.connection import Connection
from yarl import URL

from eventkit.bus.amqp.errors import RAISED, Locked, answered, explained
from eventkit.bus.amqp.frames import FastConnection
from eventkit.bus.amqp.quiet import connecting
from eventkit.contract.errors import BusError

CONNECT: Final = 4.5
"""Seconds in which a connection must be open."""
_CLOSE: Final = 5.0
_FRAMES: Final = 10
_MOST_CHANNELS: Final = 65_535
"""Where the server sets no limit (AMQP 0-9-1, 4.2.5.4)."""
_LOCK_RETRY: Final = 0.02
_LOCK_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where RabbitMQ is and how to get in.

    Args:
        scheme: `amqp` or `amqps`.
        host: The host.
        port: The port.
        user: The user.
        password: The password; never shown.
        vhost: The virtual host.
        heartbeat: Seconds of silence after which either side asks whether the other is there; twice that ends it.
        external: Log in with the certificate of TLS (SASL EXTERNAL).
        tls: How TLS is spoken; None for `amqp`.
    """

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    vhost: str
    heartbeat: int
    external: bool
    tls: ssl.SSLContext | None

    def url(self, purpose: str) -> URL:
        """Return it as aiormq takes it."""
        query = {"heartbeat": str(self.heartbeat), "name": f"eventkit {purpose}"}
        if self.external:
            query["auth"] = "external"
        return URL.build(
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            user=self.user or None,
            password=self.password or None,
            query=query,
        )


async def close(channel: Channel) -> None:
    """Close a channel; harmless where it has ended.

    It is never cancelled in the middle. aiormq would ask for it twice then, and RabbitMQ end the whole connection.
    """
    with suppress(*RAISED, BusError), explained(""):
        await asyncio.shield(channel.close())


class Link:
    """A connection that is made when it is asked for, and made anew when it has ended.

    Args:
        address: Where to.
        purpose: What RabbitMQ's own tools show.
        where: The bus, without a password.
    """

    def __init__(self, address: Address, purpose: str, where: str) -> None:
        self.where = where
        self._address = address
        self._purpose = purpose
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._number = 0  # of the channel that was opened last
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether it was closed for good."""
        return self._closed

    @property
    def is_there(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None

    @property
    def version(self) -> str:
        """RabbitMQ's version; empty before the first connection."""
        properties = {} if self._connection is None else self._connection.server_properties or {}
        return str(properties.get("version", ""))

    async def connection(self) -> Connection:
        """Return an open connection; raises BusError where there is none to be had."""
        async with self._connecting:
            if self._closed:
                raise BusError("the bus is not open", where=self.where, mend="use it inside `async with connect(...)`")
            if self._connection is None or not self._connection.is_opened:
                self._connection = await self._connect()
            return self._connection

    async def channel(self, *, confirms: bool = False, frames: int = _FRAMES) -> Channel:
        """Return a new channel; raises BusError.

        Args:
            confirms: RabbitMQ tells when it has stored what is published on it.
            frames: How many frames may wait for the channel before the connection reads no more.
        """
        connection = await self.connection()
        number = self._free_number(connection)
        # Not aiormq's own timeout: on Python 3.11 it may swallow a cancellation.
        async with answered(self.where):
            channel = await connection.channel(number, publisher_confirms=confirms, frame_buffer_size=frames)
        return cast(Channel, channel)

    async def is_blocked(self) -> bool:
        """Tell whether RabbitMQ takes nothing from this connection, because its memory or its disk is short."""
        connection = await self.connection()
        try:
            async with asyncio.timeout(0):
                await connection.ready()
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        """Disconnect, once what was sent is on its way."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*RAISED, BusError), explained(self.where):
                async with asyncio.timeout(_CLOSE):
                    await asyncio.shield(connection.close())

    def abort(self) -> None:
        """End the connection at once, because RabbitMQ does not answer: nothing waits for it any more."""
        connection, self._connection = self._connection, None
        if isinstance(connection, FastConnection) and connection.stream is not None:
            connection.stream.transport.abort()

    def end(self) -> None:
        """End the connection at once, and make no other."""
        self._closed = True
        self.abort()

    def is_of_now(self, connection: Connection) -> bool:
        """Tell whether a connection is the one of now, and open."""
        return connection is self._connection and connection.is_opened

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something done to its end, whoever is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def lock(self, name: str) -> Lock:
        """Return a lock that one of all connections can have at a time."""
        return Lock(self, name, self._locks.setdefault(name, asyncio.Lock()))

    def _free_number(self, connection: Connection) -> int:
        """Return the number of a new channel: not one that was in use a moment ago.

        aiormq takes the number of a channel that RabbitMQ has closed for free before it has sent its answer, and would
        open the next channel under it first: a second channel of that number ends the connection.
        """
        most = connection.connection_tune.channel_max or _MOST_CHANNELS
        for _ in range(most):
            self._number = self._number % most + 1
            if self._number not in connection.channels:
                return self._number
        raise BusError(f"all {most:,} channels are in use", where=self.where, mend="use several buses")

    async def _connect(self) -> Connection:
        context = self._address.tls
        connection = FastConnection(self._address.url(self._purpose), context=context)
        connection.vhost = self._address.vhost
        with explained(self.where), connecting():
            async with asyncio.timeout(CONNECT):
                await connection.connect()
        return connection


class Lock:
    """A lock among all who use a virtual host: a queue that only its connection may use, and that ends with it.

    Neither is cancelled in the middle, or the connection would keep a lock that nobody holds.

    Args:
        link: The connection.
        name: The queue.
        local: The same lock among those who use this connection.
    """

    def __init__(self, link: Link, name: str, local: asyncio.Lock) -> None:
        self._link = link
        self._name = name
        self._local = local
        self._given_up = False
        self._connection: Connection | None = None  # on which it is locked

    async def __aenter__(self) -> None:
        await self._local.acquire()
        locking = self._link.spawn(self._lock())
        try:
            await asyncio.shield(locking)
        except asyncio.CancelledError:
            self._given_up = True
            locking.add_done_callback(self._locked_for_nobody)
            raise

    async def __aexit__(self, *_: object) -> None:
        await asyncio.shield(self._link.spawn(self._unlock()))

    def _locked_for_nobody(self, locking: asyncio.Task[None]) -> None:
        if not locking.cancelled() and locking.exception() is None:
            self._link.spawn(self._unlock())

    async def _lock(self) -> None:
        try:
            await self._try_to_lock()
        except BaseException:
            self._local.release()
            raise

    async def _try_to_lock(self) -> None:
        deadline = asyncio.get_running_loop().time() + _LOCK_PATIENCE
        while True:
            self._connection = await self._link.connection()
            channel = await self._link.channel()
            try:
                async with answered(self._link.where):
                    await channel.queue_declare(self._name, exclusive=True, auto_delete=True)
                    await close(channel)
            except Locked:
                if self._given_up or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(_LOCK_RETRY)
            else:
                return

    async def _unlock(self) -> None:
        try:
            if self._connection is None or not self._link.is_of_now(self._connection):
                return  # it has ended with its connection
            with suppress(BusError):
                async with answered(self._link.where):
                    channel = await self._link.channel()
                    await channel.queue_delete(self._name)
                    await close(channel)
        finally:
            self._local.release()
