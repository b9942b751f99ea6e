"""One instance's share of a group's events."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, cast

from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.dead_letters import AMQPDeadLetters
from eventkit.bus.amqp.errors import Blocked, ChannelEnded, TooLarge, Unroutable
from eventkit.bus.amqp.lag import held
from eventkit.bus.amqp.later import Later
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.newer import Newer
from eventkit.bus.amqp.partition import Partition
from eventkit.bus.amqp.past import Past
from eventkit.bus.amqp.presence import Presence
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.suspects import Suspects
from eventkit.bus.amqp.topology import Topology
from eventkit.bus.amqp.window import Place
from eventkit.bus.group_queue import Item
from eventkit.bus.partitions.shares import shares
from eventkit.bus.partitions.subscription import PartitionedSubscription
from eventkit.contract.errors import BusError, EventkitError
from eventkit.delivery.subscription import Again, Dead, Done, Outcome, Released

_PATIENCE: Final = 2.0

logger: Final = logging.getLogger("eventkit.bus.amqp")


class AMQPSubscription(PartitionedSubscription):
    """One instance of a group.

    Args:
        group: The group.
        types: The event types that it handles.
        lease: Seconds for which a delivery is this instance's own.
        prefetch: How many messages of a partition RabbitMQ sends ahead.
        link: The connection on which it reads.
        publisher: Where its state and dead letters go.
        names: What things are called.
        topology: Makes what is missing.
        dead_letters: Where deliveries go that are given up.
    """

    def __init__(
        self,
        group: str,
        types: Collection[str],
        lease: float,
        prefetch: int,
        *,
        link: Link,
        publisher: Publisher,
        names: Names,
        topology: Topology,
        dead_letters: AMQPDeadLetters,
    ) -> None:
        super().__init__(group, lease)
        self._types = frozenset(types)
        self._prefetch = prefetch
        self._link = link
        self._publisher = publisher
        self._names = names
        self._topology = topology
        self._dead_letters = dead_letters
        self._partitions: dict[int, Partition] = {}
        self._later = Later[Partition](publisher.link, extend=self.extend, store=self._store_later)
        self._pasts: Mapping[int, str] = {}
        self._handing_over: dict[int, asyncio.Task[None]] = {}
        self._presence: Presence | None = None
        self._membership = asyncio.Lock()
        self._changed = asyncio.Event()
        self._sharing: asyncio.Task[None] | None = None
        self._sharing_ends = False

    # -- PartitionedSubscription

    async def _join(self) -> None:
        async with self._membership:
            await self._part()  # from what there was before the connection broke
            self._pasts = await self._topology.prepare(self.group, self._types)
            exchange = self._names.instances(self.group)
            self._presence = Presence(
                self._link,
                self._publisher,
                exchange,
                self._types,
                changed=self._changed.set,
                lost=self._lost,
                held=partial(held, self.queue, self._names.streams),
            )
            await self._presence.appear()
            self._changed.set()
            self._sharing_ends = False
            self._sharing = asyncio.create_task(self._share())

    async def _resign(self) -> None:
        async with self._membership:
            for dead in await self._later.end():
                self.queue.settle(Released(dead.delivery))
            await self._stop_sharing()
            await asyncio.gather(*map(self._close_unless_owned, list(self._partitions.values())))

    async def _leave(self) -> None:
        async with self._membership:
            await self._part()

    async def _release(self, partition: int) -> None:
        mine = self._partitions.get(partition)
        if mine is not None:
            try:
                if mine.is_open:
                    await self._stored(partial(mine.save, exact=True))
            finally:
                await self._close(mine)

    async def _handed_out(self, items: Sequence[Item]) -> None:
        noted: set[Partition] = set()
        for item in items:
            place = _place(item)
            place.attempts = item.attempt
            partition = self._partitions.get(place.partition)
            if partition is not None and (item.attempt > 1 or partition.notes_hand_outs):
                noted.add(partition)
        if noted:
            try:
                await self._save(noted)
            except BaseException:
                for item in items:  # they are not handed out after all
                    _place(item).attempts = item.attempt - 1
                raise

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        # Before anything is settled: where one is not stored, all are asked for again.
        waiting = await self._bury([each for each in outcomes if isinstance(each, Dead)])
        finished: defaultdict[int, list[Place]] = defaultdict(list)
        failed: set[int] = set()
        for outcome in outcomes:
            if outcome in waiting or not self.queue.settle(outcome):
                continue
            place = _place(outcome.delivery)
            match outcome:
                case Done() | Dead():
                    finished[place.partition].append(place)
                case Again():
                    place.failures = (*place.failures, outcome.failure)
                    failed.add(place.partition)
                case Released():
                    place.attempts -= 1
        for number, places in finished.items():
            if (partition := self._partitions.get(number)) is not None and partition.is_open:
                partition.careful = False
                await partition.acknowledge(places)
                partition.suspects.finished(places, self.queue.size(number))
        await self._save({self._partitions[number] for number in failed & self._partitions.keys()})

    async def _bury(self, dead: Sequence[Dead]) -> list[Dead]:
        """Store dead letters; return those that wait, because RabbitMQ takes none at present."""
        waiting: list[Dead] = []
        for each in dead:
            if cast(Item, each.delivery).out:
                try:
                    await self._stored(partial(self._dead_letters.add, self.group, each))
                except Blocked:
                    if self.closed:
                        self.queue.settle(Released(each.delivery))  # to another instance
                    else:
                        waiting.append(each)
        self._later.add(dead=waiting)
        return waiting

    async def _save(self, partitions: Collection[Partition]) -> None:
        """Write down what is known of partitions; where RabbitMQ takes nothing at present, later."""
        for each in partitions:
            if each.is_open:
                try:
                    await self._stored(partial(each.save, exact=each.careful))
                except Blocked:
                    self._later.add(partitions=[each])
                except TooLarge as error:
                    logger.warning("%s: failed calls would not count after a crash: %s", self.group, error)

    async def _store_later(self, dead: Sequence[Dead], partitions: Collection[Partition]) -> None:
        await self._save(partitions)
        await self.settle(dead)

    async def _stored(self, store: Callable[[], Awaitable[None]]) -> None:
        """Store something in a queue of the group; where somebody deleted it, make it again."""
        try:
            await store()
        except Unroutable as error:
            logger.error("%s misses a queue, and makes it again: %s", self.group, error)
            self._pasts = await self._topology.prepare(self.group, self._types)
            await store()

    # -- sharing the partitions out

    async def _share(self) -> None:
        """Read the partitions that this instance should have, and give up the others, whenever instances come or go."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                if self._sharing_ends:
                    return
                for partition in self._partitions.values():
                    partition.newer.changed()
                assert self._presence is not None  # noqa: S101 - for the type checker
                wanted = shares(self._presence.members, self._names.partitions).get(self._presence.name, frozenset())
                for number in self._partitions.keys() - wanted - self._handing_over.keys():
                    self._give_up(number)
                for number in sorted(wanted - self._partitions.keys()):
                    await self._open(number)
        except BusError as error:
            self._lost(error)
        except EventkitError as error:
            self._lost(BusError(error.what, where=error.where, mend=error.mend))

    def _give_up(self, number: int) -> None:
        async def give_up() -> None:
            partition = self._partitions[number]
            try:
                if partition.is_owned:
                    await self.hand_over(number)
                else:
                    await self._close(partition)
            except BusError as error:
                logger.warning(
                    "%s gave up partition %d, and could not say how far it got: %s", self.group, number, error
                )
            finally:
                self._handing_over.pop(number, None)
                self._changed.set()  # it may be ours again by now

        self._handing_over[number] = asyncio.create_task(give_up())

    async def _open(self, number: int) -> None:
        past = None
        if (end := self._pasts.get(number)) is not None:
            settled = partial(self._topology.end_past, self.group, number)
            past = Past(self._names.past(self.group, number), end, settled)
        partition = self._partitions[number] = Partition(
            number,
            self._link,
            self._publisher,
            queue=self._names.queue(self.group, number),
            past=past,
            state_queue=self._names.state(self.group, number),
            suspects=Suspects(self._put),
            newer=Newer(self._types, self._leaves, self._goes_on),
            came=self._came,
            owned=self.owned.add,
            ended=self._ended,
        )
        await partition.open(self._prefetch)

    def _put(self, place: Place) -> None:
        if place.partition not in self.owned:
            return  # it was lost, and its channel is about to be closed: this comes to the next owner, in order
        self.queue.put(
            place.message,
            token=place,
            partition=place.partition,
            attempt=place.attempts,
            failures=place.failures,
            at=place.at,
        )

    def _came(self, place: Place) -> None:
        if not self._partitions[place.partition].newer.keeps(place):
            self._goes_on(place)

    def _goes_on(self, place: Place) -> None:
        self._partitions[place.partition].suspects.came(place, self.queue.size(place.partition))

    def _leaves(self) -> bool:
        """Tell whether others, who handle more, get this instance's partitions."""
        return self._presence is not None and self._presence.name not in self._presence.members

    def _ended(self, partition: Partition, error: BusError) -> None:
        if self._partitions.get(partition.number) is not partition:
            return
        del self._partitions[partition.number]
        self.lose(partition.number)
        self._task(partition.close())  # where only we think that it has ended, nobody else would get its messages
        if isinstance(error, ChannelEnded) and not self.closed:
            logger.warning("%s reads its partition %d anew: %s", self.group, partition.number, error)
            self._changed.set()
        else:
            self._lost(error)

    def _lost(self, error: BusError) -> None:
        if not self.closed:
            self.fail(error)

    async def _close(self, partition: Partition) -> None:
        if self._partitions.get(partition.number) is partition:
            del self._partitions[partition.number]
        await partition.close()

    async def _close_unless_owned(self, partition: Partition) -> None:
        # Looked at in the turn in which it is closed: what was taken over before that is given up in order.
        if not partition.is_owned:
            await self._close(partition)

    async def _stop_sharing(self) -> None:
        if self._sharing is not None:
            # Not cancelled in the middle of something, unless RabbitMQ does not answer.
            self._sharing_ends = True
            self._changed.set()
            await asyncio.wait({self._sharing}, timeout=_PATIENCE)
            self._sharing.cancel()
            self._sharing = None
        if self._presence is not None:
            await self._presence.vanish()
            self._presence = None

    async def _part(self) -> None:
        """Free all that RabbitMQ still counts as this instance's."""
        await self._later.end()
        await self._stop_sharing()
        for task in self._handing_over.values():
            task.cancel()
        await asyncio.gather(*self._handing_over.values(), return_exceptions=True)
        self._handing_over.clear()
        for partition in list(self._partitions.values()):
            if partition.is_owned and partition.is_open:
                # A worker that is stuck: what it has out comes back elsewhere, and counts as handed out.
                with suppress(BusError):
                    await partition.save(exact=True)
            await self._close(partition)


def _place(delivery: object) -> Place:
    return cast(Place, cast(Item, delivery).token)
