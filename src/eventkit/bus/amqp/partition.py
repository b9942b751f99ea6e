"""One partition that an instance reads, or waits for its turn to read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from eventkit.bus.amqp import last_value, state
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Missing, answered
from eventkit.bus.amqp.messages import from_message, identity, is_redelivered
from eventkit.bus.amqp.newer import Newer
from eventkit.bus.amqp.past import ENDS, Past, end_of
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.reader import Reader
from eventkit.bus.amqp.state import Known, State
from eventkit.bus.amqp.suspects import Suspects
from eventkit.bus.amqp.window import Place
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Unreadable

_LOOK_AGAIN: Final = 0.05

logger: Final = logging.getLogger("eventkit.bus.amqp")


class Partition:
    """The consumer of a partition's queue, and before that, of its past.

    RabbitMQ gives a queue's messages to one consumer at a time. So the first message tells that this instance owns the
    partition.

    Args:
        number: Which partition.
        link: The connection.
        publisher: Where its state goes.
        queue: Its queue.
        past: What is to be read before; None where there is nothing.
        state_queue: The queue of its state.
        suspects: What waits because something before it may end processes.
        newer: What waits for a newer version.
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
        past: Past | None,
        state_queue: str,
        suspects: Suspects,
        newer: Newer,
        came: Callable[[Place], None],
        owned: Callable[[int], None],
        ended: Callable[[Partition, BusError], None],
    ) -> None:
        self.number = number
        self.suspects = suspects
        self.newer = newer
        self.careful = False
        """Whether the owner before ended without a word: then hand-outs are written down beforehand."""
        self._link = link
        self._publisher = publisher
        self._past = past
        self._past_end: str | None = None  # the last one that came
        self._past_settled = asyncio.Event()
        self._state_queue = state_queue
        self._came = came
        self._owned = owned
        self._ended = ended
        self._main = self._reader(queue)
        self._before = None if past is None else self._reader(past.queue)
        self._reading: list[Reader] = []
        self._prefetch = 1
        self._state = State()
        self._exact = True  # what the document says at present
        self._begun = False  # it may have written down that it begins
        self._early: list[tuple[Reader, DeliveredMessage]] | None = []
        self._taking_over: asyncio.Task[None] | None = None
        self._going_on: asyncio.Task[None] | None = None
        self._closing = False
        self._ending: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether its channels can be used: what was not acknowledged is still this instance's."""
        return not self._closing and not any(each.has_ended for each in self._reading)

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
        self._prefetch = prefetch
        if self._before is not None:
            try:
                await self._open(self._before, ENDS)
            except Missing:
                self._before = None  # all of it was settled meanwhile
            else:
                return
        await self._open(self._main)

    async def close(self) -> None:
        """Let others read it: what is not acknowledged comes back there. Once begun, it goes on to its end."""
        self._closing = True
        self.newer.end()
        if self._ending is None:
            self._ending = asyncio.create_task(self._close())
        await asyncio.shield(self._ending)

    async def acknowledge(self, places: Sequence[Place]) -> None:
        """Tell RabbitMQ that messages are done with."""
        if self._before is None:
            await self._main.acknowledge(places)
            return
        for reader in (self._before, self._main):
            if mine := [place for place in places if place.window is reader.window]:
                await reader.acknowledge(mine)
        self._see_whether_past_is_settled()

    async def save(self, *, exact: bool) -> None:
        """Write down what is known of what is not finished; raises BusError.

        Args:
            exact: Whether all that was handed out is in it.
        """
        known = {
            **self._state.events,  # of what has not come again yet
            **{
                identity(place.message): Known(place.attempts, place.failures)
                for reader in self._reading
                for place in reader.window.unfinished()
                if place.attempts or place.failures
            },
        }
        await last_value.write(self._publisher, self._state_queue, state.to_json(exact, known))
        self._exact = exact

    async def _close(self) -> None:
        if self._going_on is not None:
            self._going_on.cancel()
        if self._taking_over is not None and not self._taking_over.done():
            await self._stop_taking_over(self._taking_over)
        for reader in self._reading:
            await reader.close()

    def _reader(self, queue: str) -> Reader:
        return Reader(queue, self._link, came=self._receive, deleted=self._deleted, ended=self._end)

    async def _open(self, reader: Reader, more: int = 0) -> None:
        self._reading.append(reader)
        try:
            await reader.open(self._prefetch + more)
        except Missing:
            self._reading.remove(reader)
            raise

    def _receive(self, reader: Reader, message: DeliveredMessage) -> None:
        if self._closing:
            return  # it comes to the next owner
        if self._early is None:
            self._take(reader, message)
            return
        self._early.append((reader, message))
        if self._taking_over is None:
            self._taking_over = asyncio.create_task(self._take_over())

    async def _take_over(self) -> None:
        try:
            channel = await self._link.channel()
            try:
                if self._before is not None and not await self._until_nobody_reads(channel, self._main.queue):
                    return
                self._state = State.from_json(await last_value.read(channel, self._state_queue, self._link.where))
            finally:
                await close(channel)
        except BusError as error:
            self._end(error)
            return
        self.careful = not self._state.exact
        if not self.careful and not self._closing:
            self._begun = True
            try:
                await self.save(exact=False)
            except BusError as error:
                logger.warning("a crash that comes now would not count: %s", error)
        if self._closing:
            return
        early, self._early = self._early or [], None
        self._owned(self.number)
        for reader, message in early:
            self._take(reader, message)

    async def _stop_taking_over(self, task: asyncio.Task[None]) -> None:
        await asyncio.wait({task})  # not cancelled: it may have taken the state out of its queue to read it
        if self._begun and not any(each.has_ended for each in self._reading):
            with suppress(BusError):
                await self.save(exact=True)  # nothing was handed out

    async def _until_nobody_reads(self, channel: Channel, queue: str) -> bool:
        """Wait for an instance that had the partition before there was a past, and gives it up.

        Returns:
            False where this one gives it up meanwhile.
        """
        while not self._closing:
            async with answered(self._link.where):
                if not (await channel.queue_declare(queue, passive=True)).consumer_count:
                    return True
            await asyncio.sleep(_LOOK_AGAIN)
        return False

    def _take(self, reader: Reader, message: DeliveredMessage) -> None:
        if reader is self._before and (end := end_of(message)) is not None:
            self._past_ends(end)
            return
        event = from_message(message)
        known = Known(0)
        if is_redelivered(message):
            known = self._state.take(identity(event))
        elif self._state.events and reader is self._main:
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
        reader.window.add(place)
        self._came(place)

    def _past_ends(self, end: str) -> None:
        """An end of the past has come. It is not acknowledged: whoever reads the past after a crash needs it, too."""
        self._past_end = end
        if self._past is not None and end == self._past.end and self._going_on is None:
            self._going_on = asyncio.create_task(self._go_on(self._past))
        self._see_whether_past_is_settled()

    def _see_whether_past_is_settled(self) -> None:
        if self._past_end is not None and self._before is not None and self._before.window.is_empty:
            self._past_settled.set()

    async def _go_on(self, past: Past) -> None:
        """Go on with the partition's own queue, and delete the past when it is settled."""
        try:
            await self._open(self._main)
            while self._before is not None:
                await self._past_settled.wait()
                self._past_settled.clear()
                if self._past_end is not None and await past.settled(self._past_end):
                    await self._forget_past()
        except BusError as error:
            self._end(error)

    async def _forget_past(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            self._reading.remove(before)
            await before.close()

    async def _wait_for_main(self) -> None:
        """Wait for the turn at the partition's own queue: another instance has read the past."""
        try:
            await self._forget_past()
            await self._open(self._main)
        except BusError as error:
            self._end(error)

    def _deleted(self, reader: Reader) -> None:
        if reader is self._before and self._taking_over is None:
            self._going_on = asyncio.create_task(self._wait_for_main())
        elif reader is not self._before or self._past_end is None:
            logger.error("the queue %s was deleted, with the events that were in it", reader.queue)
            where = self._link.where
            self._end(BusError(f"the queue {reader.queue} was deleted", where=where, mend="it is made again"))

    def _end(self, error: BusError) -> None:
        if not self._closing:
            self._closing = True
            self.newer.end()
            self._ended(self, error)
