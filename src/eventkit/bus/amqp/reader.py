"""One queue that an instance reads, or waits for its turn to read, on a channel of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final, cast

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from aiormq.exceptions import ChannelClosed
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import answered, channel_closed, gone
from eventkit.bus.amqp.window import Place, Window
from eventkit.contract.errors import BusError

# Enough for what arrives at once: what is handed on together is acknowledged together.
_FRAMES: Final = 512
_MOMENT: Final = 0.1
"""Seconds for which what is finished waits for what is before it. What waits is handled twice after a crash."""


class Reader:
    """A consumer of a queue. RabbitMQ gives the queue's messages to one of its consumers at a time.

    When the channel of that one is closed, the next one gets them; what the first had not acknowledged comes first
    then, in order.

    Args:
        queue: The queue.
        link: The connection.
        came: Is called with each message.
        deleted: Is called when the queue was deleted.
        ended: Is called when the channel was closed by RabbitMQ or the network.
    """

    def __init__(
        self,
        queue: str,
        link: Link,
        *,
        came: Callable[[Reader, DeliveredMessage], None],
        deleted: Callable[[Reader], None],
        ended: Callable[[BusError], None],
    ) -> None:
        self.queue = queue
        self.window = Window()
        self._link = link
        self._came = came
        self._deleted = deleted
        self._ended = ended
        self._channel: Channel | None = None
        self._closing = False
        self._patience = 0
        self._later: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        # One after the other: RabbitMQ closes a channel on which something is acknowledged twice.
        self._acknowledging = asyncio.Lock()

    @property
    def has_ended(self) -> bool:
        """Whether what was not acknowledged is not this instance's any more."""
        return self._closing or (self._channel is not None and self._channel.is_closed)

    async def open(self, prefetch: int) -> None:
        """Begin to read, or to wait for it.

        Nothing of it is cancelled in the middle: aiormq stops listening to a channel that is closed before it has
        answered, and what RabbitMQ sent there meanwhile holds up the whole connection. `close` waits for its end.

        Args:
            prefetch: How many messages RabbitMQ sends ahead.

        Raises:
            Missing: There is no such queue.
            BusError: RabbitMQ cannot be used.
        """
        self._opening = asyncio.create_task(self._open(prefetch))
        await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Let others read it: what is not acknowledged comes back there. Once begun, it goes on to its end."""
        self._closing = True
        if self._ending is None:
            self._ending = asyncio.create_task(self._close())
        await asyncio.shield(self._ending)

    async def acknowledge(self, places: Collection[Place]) -> None:
        """Tell RabbitMQ that messages are done with.

        One acknowledgement stands for all messages up to it. What is finished behind one that is not waits: as
        long as those before it go on being finished, or for a moment.
        """
        async with self._acknowledging:
            if (tag := self.window.finish(places)) is not None:
                await self._acknowledge(tag, multiple=True)
        if self.window.behind > self._patience:
            await self._acknowledge_behind()
        elif self.window.behind and self._later is None:
            self._later = asyncio.create_task(self._acknowledge_later())

    async def _open(self, prefetch: int) -> None:
        self._patience = prefetch * 7 // 8
        channel = self._channel = await self._link.channel(frames=_FRAMES)
        _deliver_directly(channel, self._receive)
        channel.on_consumer_cancel_callbacks.add(self._cancelled)
        async with answered(self._link.where):
            await channel.basic_qos(prefetch_count=prefetch)
            await channel.basic_consume(self.queue, self._message)
        channel.closing.add_done_callback(self._closed)

    async def _close(self) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._later is not None:
            self._later.cancel()
        if self._channel is not None:
            with suppress(BusError):
                await self._acknowledge_behind()
            await close(self._channel)

    async def _acknowledge_later(self) -> None:
        with suppress(BusError):  # then the channel has ended, which is told elsewhere
            while self.window.behind:
                first = self.window.first
                await asyncio.sleep(_MOMENT)
                if self.window.first is first:
                    await self._acknowledge_behind()
        self._later = None

    async def _acknowledge_behind(self) -> None:
        async with self._acknowledging:
            for tag in self.window.take_behind():
                await self._acknowledge(tag, multiple=False)

    async def _acknowledge(self, tag: int, *, multiple: bool) -> None:
        assert self._channel is not None  # noqa: S101 - for the type checker: nothing came before it was open
        async with answered(self._link.where):
            await self._channel.basic_ack(tag, multiple=multiple, wait=False)

    async def _message(self, message: DeliveredMessage) -> None:
        self._receive(message)

    def _receive(self, message: DeliveredMessage) -> None:
        if not self._closing:  # or else it comes to the next one
            self._came(self, message)

    def _cancelled(self, _: object) -> None:
        if not self._closing:
            self._deleted(self)

    def _closed(self, closing: asyncio.Future[object]) -> None:
        if self._closing:
            return
        error = None if closing.cancelled() else closing.exception()
        if isinstance(error, ChannelClosed):
            self._ended(channel_closed(error, self.queue, self._link.where))
        else:
            self._ended(gone(self._link.where, error))


def _deliver_directly(channel: Channel, receive: Callable[[DeliveredMessage], None]) -> None:
    """Have a channel hand over messages as they come.

    By itself aiormq makes a task for each, which takes a fifth of the time that a message takes. Where another version
    does not come by here, the consumer's own callback gets the messages.
    """

    async def deliver(frame: Basic.Deliver) -> None:
        header = await channel._get_frame()
        receive(await channel._read_content(frame, cast(ContentHeader, header)))

    channel._on_deliver_frame = deliver  # type: ignore[method-assign]
