"""aiokafka's client, without the sockets that it forgets.

aiokafka 0.14 leaves a connection to the garbage collector

- when its broker has ended it, and somebody asks for it before its reader has seen that: it is dropped, and whoever
  waits for an answer on it waits until the request's time is up;
- when it is made while the client is closed, or after that, by a task that was not told;
- when the start of a client is cancelled while the first broker is asked what there is;
- when it is closed while the broker takes nothing: it is not closed before all is sent.

Here each of them is closed, and who waits for an answer is told at once.

When something of aiokafka's is closed, it takes a cancellation of the task that closes for one of the task that ends:
it goes on as if nothing had been said, and who cancelled waits for ever. `pass_cancellation` says it again.

And where a login is refused, aiokafka says that no broker can be reached, and tries again at once. Here it is told why,
and a broker that does not want to know a user is not asked more often than once in `LOGIN_AGAIN`.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from weakref import WeakSet

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import AIOKafkaConnection, CloseReason, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, StaleMetadata

from eventkit.bus.kafka.errors import is_about_login
from eventkit.bus.kafka.outage_log import Reached

CLOSE_WITHIN: Final = 5.0
"""Seconds in which a broker has to take what was sent to it before its connection is closed."""
LOGIN_AGAIN: Final = 1.0
"""Seconds after which a client tries a login again that was refused."""


class Client(AIOKafkaClient):  # type: ignore[misc] # aiokafka has no types
    """What producers, consumers and administrators use to talk to brokers, from `of` to `close`."""

    _ended: asyncio.Event
    _transports: WeakSet[asyncio.Transport]
    _reached: Reached
    _refused: int
    """How many logins were refused."""
    _log_in_at: float
    """Before that, no login is tried."""

    @classmethod
    def of(cls, client: AIOKafkaClient, reached: Reached) -> Client:
        """Make a client that has not been started yet one of this class: aiokafka makes its clients itself.

        Args:
            client: The client.
            reached: Is told which brokers can be reached.
        """
        client.__class__ = cls
        client._reached = reached
        client._ended = asyncio.Event()
        client._transports = WeakSet()
        client._refused, client._log_in_at = 0, 0.0
        assert isinstance(client, cls)  # noqa: S101 - for the type checker
        return client

    async def bootstrap(self) -> None:
        """Ask one of the brokers what there is; raises KafkaError."""
        try:
            await super().bootstrap()
        except asyncio.CancelledError as error:
            # It had the connection in a variable, and nowhere else.
            for frame, _ in traceback.walk_tb(error.__traceback__):
                connection = frame.f_locals.get("bootstrap_conn")
                if isinstance(connection, AIOKafkaConnection):
                    connection.close()
            raise
        except KafkaConnectionError:
            if self._security_protocol.startswith("SASL"):
                await self._log_in()
            raise

    async def close(self) -> None:
        """Close all connections; also those that come now."""
        self._ended.set()
        with pass_cancellation():
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_WITHIN):
                        await super().close()
            finally:
                for transport in self._transports:
                    transport.abort()
            await asyncio.sleep(0)  # then they are closed

    async def _get_conn(
        self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, **options: Any
    ) -> AIOKafkaConnection | None:
        if self._ended.is_set():
            return None
        known = self._conns.get((node_id, group))
        if known is not None:
            if known.connected():
                return known
            known.close(reason=CloseReason.CONNECTION_BROKEN)
            self._conns.pop((node_id, group), None)
        try:
            connection = await self._connect(node_id, group)
        except (OSError, TimeoutError, KafkaError) as error:
            # Also where it was closed meanwhile, or is not known: what is known of the cluster may be old.
            self.force_metadata_update()
            self._note(node_id, error)
            return None
        if connection is None or connection._writer is None:
            return connection
        self._transports.add(connection._writer.transport)
        if self._ended.is_set():
            self._conns.pop((node_id, group), None)
            connection.close(reason=CloseReason.SHUTDOWN)
            return None
        self._note(node_id, None)
        return connection

    async def _connect(self, node_id: Any, group: Any) -> AIOKafkaConnection | None:
        """Return a new connection; None where there is none to be had now. Raises what `create_conn` raises."""
        broker = self.cluster.broker_metadata(node_id)
        if broker is None:
            raise StaleMetadata(f"there is no broker {node_id}")
        refused = self._refused
        await self._wait_for_login()
        async with self._get_conn_lock:
            if (made := self._conns.get((node_id, group))) is not None:
                return made
            if refused != self._refused or self._ended.is_set():
                return None  # who waited for the lock would only be refused, too
            try:
                made = await self._open(broker.host, broker.port, on_close=self._on_connection_closed)
            except KafkaError as error:
                if is_about_login(error):
                    self._refused += 1
                    self._log_in_at = asyncio.get_running_loop().time() + LOGIN_AGAIN
                raise
            self._conns[node_id, group] = made
            return made

    async def _wait_for_login(self) -> None:
        pause = self._log_in_at - asyncio.get_running_loop().time()
        if pause > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ended.wait()

    async def _log_in(self) -> None:
        """Raise why a broker refuses the login, where one does: aiokafka has logged that, and forgotten it."""
        for host, port, _ in self.hosts:
            with suppress(OSError, KafkaConnectionError):
                (await self._open(host, port)).close()

    async def _open(self, host: str, port: int, **options: Any) -> AIOKafkaConnection:
        return await create_conn(
            host,
            port,
            client_id=self._client_id,
            request_timeout_ms=self._request_timeout_ms,
            ssl_context=self._ssl_context,
            security_protocol=self._security_protocol,
            max_idle_ms=self._connections_max_idle_ms,
            sasl_mechanism=self._sasl_mechanism,
            sasl_plain_username=self._sasl_plain_username,
            sasl_plain_password=self._sasl_plain_password,
            **options,
        )

    def _note(self, node_id: Any, error: Exception | None) -> None:
        # A client that is being closed gives up by itself, and one may be asked for a broker that is in no cluster.
        if not self._ended.is_set() and self.cluster.broker_metadata(node_id) is not None:
            self._reached.note(node_id, error)


@contextmanager
def pass_cancellation() -> Iterator[None]:
    """Raise CancelledError at the end of the block if the task was cancelled in it, and nothing raised that."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
