"""Publishing: a message is safe when RabbitMQ has confirmed it.

All who publish share one channel. Confirmations come in any order and several at once, and nobody waits for the one of
somebody else.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.exceptions import ChannelInvalidStateError
from pamqp.commands import Basic

from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import blocked, explained
from eventkit.bus.amqp.frames import publication
from eventkit.contract.envelope import new_id
from eventkit.contract.errors import BusError

CONFIRMED_WITHIN: Final = 15.0
"""Seconds after which RabbitMQ is taken not to answer any more."""


class Publisher:
    """Publishes what must not be lost.

    Args:
        link: The connection. RabbitMQ stops reading from it when memory is short, so nothing is acknowledged on it.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._channel: Channel | None = None
        self._name = ""
        self._opening = asyncio.Lock()
        self._sending = asyncio.Lock()
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
            BusError: It is not known to be stored.
        """
        self._pending += 1
        try:
            channel = self._channel
            if channel is None or channel.is_closed or self._blocked:
                channel = await self._open()
            with explained(self.link.where):
                async with asyncio.timeout(CONFIRMED_WITHIN):
                    await self._send(channel, body, properties, exchange, key)
        except BusError as error:
            if isinstance(error.__cause__, TimeoutError) and await self.link.is_blocked():
                self._blocked = True
                raise blocked(self.link.where) from error
            raise
        finally:
            self._pending -= 1
            if not self._pending:
                self._idle.set()

    async def _send(self, channel: Channel, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Do what `channel.basic_publish` does, in a third of its time; nothing else may publish on the channel."""
        confirmation = channel.create_future()
        async with self._sending:  # RabbitMQ numbers messages as they come
            if channel.is_closed:
                raise ChannelInvalidStateError(f"{channel!r} closed")
            channel.delivery_tag += 1
            number = channel.delivery_tag
            id = properties.message_id = properties.message_id or f"{self._name}{number}"
            frames = publication(channel.number, exchange, key, properties, body, channel.max_content_size)
            channel.confirmations[number] = confirmation
            channel.message_id_delivery_tag[id] = number  # by which a message is known that no queue took
            try:
                # Not waiting for the socket: the confirmation says more.
                await channel.write_queue.put(ChannelFrame(frames, should_close=False))
            except BaseException:
                channel.delivery_tag -= 1
                del channel.confirmations[number], channel.message_id_delivery_tag[id]
                raise
        try:
            await confirmation
        finally:
            channel.message_id_delivery_tag.pop(id, None)

    async def _open(self) -> Channel:
        async with self._opening:
            if self._blocked:
                if await self.link.is_blocked():
                    raise blocked(self.link.where)
                self._blocked = False
            if self._channel is None or self._channel.is_closed:
                self._channel = await self.link.channel(confirms=True)
                self._name = f"{new_id()}."
            return self._channel
