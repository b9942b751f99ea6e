"""aiokafka's client, without the sockets that it forgets.

aiokafka 0.14 leaves a connection to the garbage collector

- when its broker has ended it, and somebody asks for it before its reader has seen that: it is dropped, and whoever
  waits for an answer on it waits until the request's time is up;
- when it is made while the client is closed, or after that, by a task that was not told;
- when the start of a client is cancelled while the first broker is asked what there is;
- when it is closed while the broker takes nothing: it is not closed before all is sent.

Here each of them is closed, and who waits for an answer is told at once. And where a login is refused, aiokafka says
that no broker can be reached; here it is told why.
"""

from __future__ import annotations

import asyncio
import traceback
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import AIOKafkaConnection, CloseReason, create_conn
from aiokafka.errors import KafkaConnectionError

from eventkit.bus.kafka.outage_log import Reached

CLOSE_WITHIN: Final = 5.0
"""Seconds in which a broker has to take what was sent to it before its connection is closed."""


class Client(AIOKafkaClient):  # type: ignore[misc] # aiokafka has no types
    """What producers, consumers and administrators use to talk to brokers, from `of` to `close`."""

    _ended: asyncio.Event
    _transports: WeakSet[asyncio.Transport]
    _reached: Reached

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
        if known is not None and not known.connected():
            known.close(reason=CloseReason.CONNECTION_BROKEN)
            known = None
        connection = await super()._get_conn(node_id, group=group, **options)
        # A connection that was there before says nothing about whether others can be made.
        if connection is None or connection is not known:
            self._note(node_id, connection is not None)
        if connection is None or connection._writer is None:
            return connection
        self._transports.add(connection._writer.transport)
        if self._ended.is_set():
            self._conns.pop((node_id, group), None)
            connection.close(reason=CloseReason.SHUTDOWN)
            return None
        return connection

    async def _log_in(self) -> None:
        """Raise why a broker refuses the login, where one does: aiokafka has logged that, and forgotten it."""
        for host, port, _ in self.hosts:
            with suppress(OSError, KafkaConnectionError):
                connection = await create_conn(
                    host,
                    port,
                    client_id=self._client_id,
                    request_timeout_ms=self._request_timeout_ms,
                    ssl_context=self._ssl_context,
                    security_protocol=self._security_protocol,
                    sasl_mechanism=self._sasl_mechanism,
                    sasl_plain_username=self._sasl_plain_username,
                    sasl_plain_password=self._sasl_plain_password,
                )
                connection.close()

    def _note(self, node_id: Any, reached: bool) -> None:
        # A client that is being closed gives up by itself, and one may be asked for a broker that is in no cluster.
        if not self._ended.is_set() and self.cluster.broker_metadata(node_id) is not None:
            self._reached.note(node_id, reached)
