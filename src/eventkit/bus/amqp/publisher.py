"""Publishing: a message is safe when RabbitMQ has confirmed it.

All who publish share one channel. Confirmations come in any order and several at once, and nobody waits for the one of
somebody else.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from aiormq.connection import Connection
from pamqp.commands import Basic

from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import TooLarge, blocked, explained, too_large
from eventkit.bus.amqp.sender import Sender, sender
from eventkit.contract.errors import BusError

_LOOK_AFTER: Final = 0.1
"""Seconds after which it is looked whether a connection is blocked on which nothing is confirmed."""


class Publisher:
    """Publishes what must not be lost.

    Args:
        link: The connection. RabbitMQ stops reading from it when memory is short, so nothing is acknowledged on it.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._sender: Sender | None = None
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None
        self._largest: float = math.inf  # that the server takes, as far as it has told on this connection
        self._blocked = False
        self._pending = 0
        self._idle = asyncio.Event()

    async def finish(self) -> None:
        """Wait until what is being published is confirmed, or until it is clear that it will not be."""
        while self._pending:
            self._idle.clear()
            await self._idle.wait()

    async def publish(self, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Publish one message; return when it is stored in each queue that it is routed to.

        Args:
            body: The body.
            properties: The properties.
            exchange: Where to; the empty name is the exchange that knows each queue by its name.
            key: The routing key.

        Raises:
            Unroutable: No queue took it.
            Missing: There is no such exchange.
            TooLarge: It is larger than RabbitMQ takes.
            Blocked: RabbitMQ takes no messages at present.
            BusError: It is not known to be stored.
        """
        self._pending += 1
        try:
            while True:
                sender = self._sender
                if sender is None or sender.is_closed or self._blocked:
                    sender = await self._open()
                if len(body) > self._largest:
                    raise too_large(int(self._largest), self.link.where)
                try:
                    with explained(self.link.where):
                        await sender.send(body, properties, exchange, key)
                except TooLarge as error:
                    # RabbitMQ closes the channel, on which others publish, too.
                    self._largest = error.limit
                else:
                    return
        except BusError as error:
            if isinstance(error.__cause__, TimeoutError) and await self.link.is_blocked():
                self._blocked = True
                raise blocked(self.link.where) from error
            raise
        finally:
            self._pending -= 1
            if not self._pending:
                self._idle.set()

    async def publish_now(self, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Publish one message, and do not wait where RabbitMQ takes none at present: raise Blocked.

        It may be stored when RabbitMQ takes messages again. The rest is as in `publish`.
        """
        publishing = asyncio.create_task(self.publish(body, properties, exchange, key))
        try:
            while not (await asyncio.wait({publishing}, timeout=_LOOK_AFTER))[0]:
                if await self.link.is_blocked():
                    self._blocked = True
                    raise blocked(self.link.where)
            publishing.result()
        finally:
            publishing.cancel()

    async def _open(self) -> Sender:
        async with self._opening:
            if self._blocked:
                if await self.link.is_blocked():
                    raise blocked(self.link.where)
                self._blocked = False
            if (connection := await self.link.connection()) is not self._connection:
                self._connection, self._largest = connection, math.inf
            if self._sender is None or self._sender.is_closed:
                self._sender = await sender(self.link)
            return self._sender
