"""One partition that an instance reads, or waits for its turn to read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, cast

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from aiormq.exceptions import ChannelClosed
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from eventkit.bus.amqp import last_value, state
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import answered, channel_closed, gone
from eventkit.bus.amqp.messages import from_message, identity, is_redelivered
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.state import Known, State
from eventkit.bus.amqp.suspects import Suspects
from eventkit.bus.amqp.window import Place, Window
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Unreadable

# Enough for what arrives at once: what is handed on together is acknowledged together.
_FRAMES: Final = 512

logger: Final = logging.getLogger("eventkit.bus.amqp")


class Partition:
    """A consumer of a partition's queue, on a channel of its own.

    RabbitMQ gives the queue's messages to one consumer at a time, and to the next one when the channel of the first is
    closed; what that one had not acknowledged comes first then, in order. So the first message tells that this instance
    owns the partition.

    Args:
        number: Which partition.
        link: The connection.
        publisher: Where its state goes.
        queue: Its queue.
        state_queue: The queue of its state.
        suspects: What waits because something before it may end processes.
        came: Is called with each message, once the partition is owned.
        owned: Is called when it is owned.
        ended: Is called when the channel was closed by RabbitMQ or the network.
    """

    def __init__(
        self,
        number: int,
        link: Link,
        publisher: Publisher,
        *,
        queue: str,
        state_queue: str,
        suspects: Suspects,
        came: Callable[[Place], None],
        owned: Callable[[int], None],
        ended: Callable[[Partition, BusError], None],
    ) -> None:
        self.number = number
        self.suspects = suspects
        self.careful = False
        """Whether the owner before ended without a word: then hand-outs are written down beforehand."""
        self._link = link
        self._publisher = publisher
        self._queue = queue
        self._state_queue = state_queue
        self._came = came
        self._owned = owned
        self._ended = ended
        self._window = Window()
        self._state = State()
        self._exact = True  # what the document says at present
        self._early: list[DeliveredMessage] | None = []
        self._taking_over: asyncio.Task[None] | None = None
        self._channel: Channel | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used: what was not acknowledged is still this instance's."""
        return self._channel is not None and not self._channel.is_closed and not self._closing

    @property
    def is_owned(self) -> bool:
        """Whether messages come here and to no other instance."""
        return self._early is None

    @property
    def notes_hand_outs(self) -> bool:
        """Whether the document has to be written before something is handed out."""
        return self.careful or self._exact

    async def open(self, prefetch: int) -> None:
        """Begin to read, or to wait for it; raises BusError.

        Args:
            prefetch: How many messages RabbitMQ sends ahead.
        """
        channel = self._channel = await self._link.channel(frames=_FRAMES)
        _deliver_directly(channel, self._receive)
        channel.closing.add_done_callback(self._closed)
        channel.on_consumer_cancel_callbacks.add(self._cancelled)
        async with answered(self._link.where):
            await channel.basic_qos(prefetch_count=prefetch)
            await channel.basic_consume(self._queue, self._message)

    async def close(self) -> None:
        """Let others read it: what is not acknowledged comes back there."""
        self._closing = True
        if self._taking_over is not None:
            self._taking_over.cancel()
        if self._channel is not None:
            await close(self._channel)

    async def acknowledge(self, places: Iterable[Place]) -> None:
        """Tell RabbitMQ that messages are done with."""
        assert self._channel is not None  # noqa: S101 - for the type checker: nothing came before it was open
        for tag, multiple in self._window.finish(places):
            async with answered(self._link.where):
                await self._channel.basic_ack(tag, multiple=multiple, wait=False)

    async def save(self, *, exact: bool) -> None:
        """Write down what is known of what is not finished; raises BusError.

        Args:
            exact: Whether all that was handed out is in it.
        """
        known = {
            **self._state.events,  # of what has not come again yet
            **{
                identity(place.message): Known(place.attempts, place.failures)
                for place in self._window.unfinished()
                if place.attempts or place.failures
            },
        }
        await last_value.write(self._publisher, self._state_queue, state.to_json(exact, known))
        self._exact = exact

    async def _message(self, message: DeliveredMessage) -> None:
        self._receive(message)

    def _receive(self, message: DeliveredMessage) -> None:
        if self._closing:
            return  # it comes to the next owner
        if self._early is None:
            self._take(message)
            return
        self._early.append(message)
        if self._taking_over is None:
            self._taking_over = asyncio.create_task(self._take_over())

    async def _take_over(self) -> None:
        try:
            channel = await self._link.channel()
            self._state = State.from_json(await last_value.read(channel, self._state_queue, self._link.where))
            await close(channel)
        except BusError as error:
            self._end(error)
            return
        self.careful = not self._state.exact
        if not self.careful:
            try:
                await self.save(exact=False)
            except BusError as error:
                logger.warning("a crash that comes now would not count: %s", error)
        if self._closing:
            return
        early, self._early = self._early or [], None
        self._owned(self.number)
        for message in early:
            self._take(message)

    def _take(self, message: DeliveredMessage) -> None:
        event = from_message(message)
        known = Known(0)
        if is_redelivered(message):
            known = self._state.take(identity(event))
        elif self._state.events:
            self._state.events.clear()  # what comes again comes first: the rest was finished
        properties = message.header.properties
        place = Place(
            self.number,
            message.delivery_tag or 0,
            event,
            properties if isinstance(event, Unreadable) else None,
            known.attempts,
            known.failures,
            properties.timestamp.timestamp() if properties.timestamp else 0.0,
        )
        self._window.add(place)
        self._came(place)

    def _cancelled(self, _: object) -> None:
        logger.error("the queue %s was deleted, with the events that were in it", self._queue)
        self._end(BusError(f"the queue {self._queue} was deleted", where=self._link.where, mend="it is made again"))

    def _closed(self, closing: asyncio.Future[object]) -> None:
        error = None if closing.cancelled() else closing.exception()
        if isinstance(error, ChannelClosed):
            self._end(channel_closed(error, self._queue, self._link.where))
        else:
            self._end(gone(self._link.where, error))

    def _end(self, error: BusError) -> None:
        if not self._closing:
            self._closing = True
            self._ended(self, error)


def _deliver_directly(channel: Channel, receive: Callable[[DeliveredMessage], None]) -> None:
    """Have a channel hand over messages as they come.

    By itself aiormq makes a task for each, which takes a fifth of the time that a message takes. Where another version
    does not come by here, the consumer's own callback gets the messages.
    """

    async def deliver(frame: Basic.Deliver) -> None:
        header = await channel._get_frame()
        receive(await channel._read_content(frame, cast(ContentHeader, header)))

    channel._on_deliver_frame = deliver  # type: ignore[method-assign]
