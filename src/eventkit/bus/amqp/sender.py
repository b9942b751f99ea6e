"""Sending what is published, and hearing that it is stored.

aiormq sends message by message, each by way of two queues and a task, and its confirmation comes back by way of two
more. For 64 messages that are published together RabbitMQ then reads 64 times, and confirms nearly as often: it is the
server for which that is dear. So `FastSender` writes together what is published together, and hears of confirmations
where they are read. It needs to come by the connection's own reader and writer. Where another version of aiormq has
others, `PlainSender` does the same with what aiormq promises to have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import Final, Protocol

from aiormq.channel import Channel
from aiormq.exceptions import ChannelInvalidStateError
from pamqp.commands import Basic

from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import explain, gone, not_taken, unroutable
from eventkit.bus.amqp.frames import FastConnection, Frames, publication
from eventkit.contract.envelope import new_id

CONFIRMED_WITHIN: Final = 15.0
"""Seconds after which RabbitMQ is taken not to answer any more."""


class Sender(Protocol):
    """A channel on which messages are published and confirmed."""

    @property
    def is_closed(self) -> bool:
        """Whether another one has to be opened."""

    async def send(self, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Publish a message, which is mandatory; return when it is confirmed, or raise what aiormq raises."""


async def sender(link: Link) -> Sender:
    """Open a channel to publish on; raises BusError.

    Args:
        link: The connection.
    """
    channel = await link.channel(confirms=True)
    connection = channel.connection
    if isinstance(connection, FastConnection) and connection.frames is not None and connection.stream is not None:
        return FastSender(channel, connection.frames, connection.stream, link.where)
    return PlainSender(channel)


class PlainSender:
    """Sends by aiormq's own means.

    Args:
        channel: The channel.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def is_closed(self) -> bool:
        """Whether another one has to be opened."""
        return self._channel.is_closed

    async def send(self, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Publish a message."""
        async with asyncio.timeout(CONFIRMED_WITHIN):
            # Not waiting for the socket: the confirmation says more.
            await self._channel.basic_publish(
                body, exchange=exchange, routing_key=key, properties=properties, mandatory=True, wait=False
            )


class FastSender:
    """Sends and hears by the connection's own stream. Nothing else may publish on the channel.

    Args:
        channel: The channel.
        frames: What the connection reads.
        stream: What it writes to.
        where: The bus, for errors.
    """

    def __init__(self, channel: Channel, frames: Frames, stream: asyncio.StreamWriter, where: str) -> None:
        self._channel = channel
        self._stream = stream
        self._where = where
        self._loop = asyncio.get_running_loop()
        self._name = f"{new_id()}."
        self._count = 0
        self._waiting: dict[int, tuple[asyncio.Future[None], float, str]] = {}
        self._numbers: dict[str, int] = {}  # by which a message is known that no queue took
        self._unsent: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ending = False
        self._frames = frames
        frames.told[channel.number] = self
        channel.closing.add_done_callback(self._closed)

    @property
    def is_closed(self) -> bool:
        """Whether another one has to be opened."""
        return self._ending or self._channel.is_closed

    async def send(self, body: bytes, properties: Basic.Properties, exchange: str, key: str) -> None:
        """Publish a message."""
        if self.is_closed:
            raise ChannelInvalidStateError(f"{self._channel!r} closed")
        number = self._count + 1  # RabbitMQ counts them as they come
        id = properties.message_id = properties.message_id or f"{self._name}{number}"
        frames = publication(self._channel.number, exchange, key, properties, body, self._channel.max_content_size)
        self._count = number
        if not self._waiting and not self._unsent:
            self._stream.write(frames)
        else:  # many publish: what they publish in this moment is sent together
            if not self._unsent:
                self._loop.call_soon(self._flush)
            self._unsent.append(frames)
        confirmation = self._loop.create_future()
        until = self._loop.time() + CONFIRMED_WITHIN
        self._waiting[number] = confirmation, until, id
        self._numbers[id] = number
        if self._timer is None:
            self._timer = self._loop.call_at(until, self._expire)
        await confirmation

    def confirmed(self, number: int, *, multiple: bool, stored: bool) -> None:
        """RabbitMQ says what became of messages."""
        error = None if stored else partial(not_taken, self._where)
        if multiple:
            for each in list(takewhile(number.__ge__, self._waiting)):
                self._end(each, error)
        else:
            self._end(number, error)

    def ending(self) -> None:
        """RabbitMQ closes the channel: nothing more is sent, and what waits is told when aiormq knows why."""
        self._ending = True
        self._unsent.clear()

    def returned(self, id: str | None) -> None:
        """No queue takes a message."""
        if id is not None and (number := self._numbers.get(id)) is not None:
            self._end(number, partial(unroutable, self._where))

    def _flush(self) -> None:
        frames, self._unsent = self._unsent, []
        if frames:
            self._stream.write(b"".join(frames))

    def _end(self, number: int, error: Callable[[], Exception] | None) -> None:
        found = self._waiting.pop(number, None)
        if found is None:
            return  # it was returned, or is not waited for any more
        confirmation, _, id = found
        if self._numbers.get(id) == number:
            del self._numbers[id]
        if confirmation.done():
            return  # who published it was cancelled
        if error is None:
            confirmation.set_result(None)
        else:
            confirmation.set_exception(error())

    def _expire(self) -> None:
        """End what waits for too long, and look again when the next one may have."""
        self._timer = None
        now = self._loop.time()
        for number, (_, until, _) in list(self._waiting.items()):
            if until > now:
                self._timer = self._loop.call_at(until, self._expire)
                return
            self._end(number, TimeoutError)

    def _closed(self, closing: asyncio.Future[object]) -> None:
        if self._frames.told.get(self._channel.number) is self:
            del self._frames.told[self._channel.number]
        error = None if closing.cancelled() else closing.exception()
        reason = partial(gone, self._where) if error is None else partial(explain, error, self._where)
        for number in list(self._waiting):
            self._end(number, reason)
