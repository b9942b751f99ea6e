"""One instance's share of a group's events.

It reads the partitions of its share ahead, up to `WINDOW` events of each that are not handled yet; one that has more is
left alone until it has not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, cast

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from eventkit.bus.group_queue import Item
from eventkit.bus.kafka import progress
from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.dead_letters import Letter, is_replay, replayed, written
from eventkit.bus.kafka.large_letters import LargeLetters
from eventkit.bus.kafka.membership import Membership, Progress
from eventkit.bus.kafka.past import read_past
from eventkit.bus.kafka.publisher import Publisher
from eventkit.bus.kafka.records import Headers, message_of, type_in
from eventkit.bus.kafka.sharing import Claim
from eventkit.bus.partitions.cursor import Cursor
from eventkit.bus.partitions.log_subscription import LogSubscription, Place
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError, RefusedError
from eventkit.delivery.subscription import Dead, Done, Outcome, Released, Unreadable

WINDOW: Final = 1_000
"""Events of one partition that are here and not handled."""
IDLE: Final = 0.02
"""Seconds between two looks whether there is room again."""
SAVE_EVERY: Final = 2.0
"""Seconds between two commits of what was read and holds nothing for the group."""

logger = logging.getLogger("eventkit.bus.kafka")


class KafkaSubscription(LogSubscription):
    """One instance of a group.

    Args:
        connection: The brokers.
        publisher: Writes dead letters.
        prepare: Makes the topics that are missing.
        group: The service.
        group_id: The consumer group.
        topics: What it reads, and which types it handles of each.
        dead: The topic of the group's dead letters.
        lease: Seconds for which a delivery is this instance's own.
    """

    def __init__(
        self,
        connection: Connection,
        publisher: Publisher,
        prepare: Callable[[], Awaitable[None]],
        group: str,
        group_id: str,
        topics: Mapping[str, Collection[str]],
        dead: str,
        lease: float,
    ) -> None:
        super().__init__(group, lease)
        self._connection = connection
        self._publisher = publisher
        self._prepare = prepare
        self._group_id = group_id
        self._topics = {**topics, dead: ()}
        self._dead = dead
        # Brokers take sessions of 6 to 1,800 seconds by default.
        self._session = min(max(lease, 6.0), 1800.0)
        self._resigned = False
        self._membership: Membership | None = None
        self._reader: asyncio.Task[None] | None = None
        self._acquiring: asyncio.Task[None] | None = None
        self._rereading: asyncio.Task[None] | None = None
        self._large = LargeLetters(dead, self.queue, lease, self.settle)
        self._closing: set[asyncio.Task[None]] = set()
        self._going: set[int] = set()
        self._read: dict[TopicPartition, Cursor] = {}
        """The cursors of the share."""
        # Of replayed events that are not settled: where they stand -> the dead letter.
        self._replays: dict[Place, Letter] = {}

    @property
    def left(self) -> bool:
        """Whether it is closed and has nothing to do with its group any more."""
        return self.closed and self._membership is None

    # -- PartitionedSubscription

    async def _join(self) -> None:
        await self._leave()
        await self._prepare()
        membership = Membership(self._connection, self._group_id, self._topics, self._dead, self._session, self)
        try:
            await membership.open()
        except BaseException:
            await membership.close()
            raise
        self._membership = membership
        self._reader = asyncio.create_task(self._keep_reading(membership))

    async def _resign(self) -> None:
        self._resigned = True
        with suppress(BusError):
            await self._let_go(self.owned)
        if self._acquiring is not None and self._acquiring.cancel() and self._membership is not None:
            self._membership.ask_anew()

    async def _leave(self) -> None:
        if self._membership is not None:
            self._quit(self._membership)
        if self._closing:
            await asyncio.wait(self._closing)

    async def _free(self, partition: int) -> None:
        if self._membership is not None:
            self._membership.ask_anew()

    def lose(self, partition: int) -> None:
        for cursor in self._cursors.get(partition, ()):
            self._read.pop(_partition(cursor), None)
        super().lose(partition)
        self._going.discard(partition)
        self._replays = {place: each for place, each in self._replays.items() if place[0].partition != partition}

    # -- LogSubscription

    async def _save(self, cursors: Collection[Cursor]) -> None:
        try:
            async with self._connection.patience.within(self._session):
                while (membership := self._membership) is not None:
                    # Only what is still this instance's: its share may have changed since the last try.
                    mine = [each for each in cursors if self._read.get(_partition(each)) is each]
                    if not mine or await membership.commit({_partition(each): progress.written(each) for each in mine}):
                        return
        except KafkaError as error:
            raise self._connection.explained(error) from error
        except TimeoutError:
            # By now the group has put this instance out, and others have its partitions.
            outage = self._connection.refusal or BusError(
                "no broker took what was settled",
                where=self._connection.url,
                mend="see whether the brokers are up, and the topics there",
            )
            self.fail(outage)
            raise outage from None

    async def _bury(self, dead: Dead) -> bool:
        place = cast(Place, dead.delivery.token)
        cursor, offset = place
        letter = self._replays.get(place) or Letter.at(self.group, cursor.log, cursor.partition, offset)
        for brief in (False, True):
            record = written(self.group, dead, datetime.now(UTC), brief=brief)
            try:
                await self._write(letter, record.value, record.headers)
            except RefusedError:
                continue
            return True
        self._large.add(cast(Item, dead.delivery), dead)
        return False

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        if self._replays:
            handled = [cast(Place, each.delivery.token) for each in outcomes if isinstance(each, Done)]
            for letter in [self._replays[place] for place in handled if place in self._replays]:
                await self._write(letter, None, [])
        await super()._settle(outcomes)
        if self._replays:
            for each in outcomes:
                if isinstance(each, Done | Dead) and not cast(Item, each.delivery).out:
                    self._replays.pop(cast(Place, each.delivery.token), None)

    async def _write(self, letter: Letter, value: bytes | None, headers: Headers) -> None:
        try:
            await self._publisher.send(self._dead, letter.key, value, headers, letter.partition)
        except RefusedError:
            raise
        except PublishError as error:
            raise BusError(error.what, where=error.where, mend=error.mend) from error

    # -- the share; what the membership calls

    def claim(self) -> Claim:
        """Return what to say when the group is shared out anew."""
        return Claim(frozenset(self._topics), frozenset(self._read), self._resigned)

    def expelled(self) -> None:
        """The group has gone on without this instance: what it held is somebody else's."""
        if self.owned:
            logger.warning("%s was put out of its group; others have its events now", self.group)
        for partition in list(self.owned):
            self.lose(partition)

    def assigned(self, mine: Collection[TopicPartition], give_up: Collection[TopicPartition]) -> None:
        """This is the instance's share now; others wait for `give_up` of it."""
        membership = self._membership
        if membership is None:
            return
        for partition in {each.partition for each in self._read.keys() - set(mine)}:
            self.lose(partition)
        for each, cursor in self._read.items():
            membership.seek(each, cursor.read)
        if self._acquiring is not None:
            self._acquiring.cancel()
        if new := set(mine) - self._read.keys():
            self._acquiring = self._task(self._acquire(membership, new))
        for partition in {each.partition for each in give_up} - self._going:
            self._going.add(partition)
            self._task(self._give_up(partition))

    async def _give_up(self, partition: int) -> None:
        try:
            await self._let_go([partition])
            await self.hand_over(partition)
        except BusError as error:
            logger.warning("%s gives up partition %d without order: %s", self.group, partition, error)
            await self._free(partition)

    async def _let_go(self, partitions: Collection[int]) -> None:
        """Give back the letters that wait for room: whoever gets their partitions next comes to their events again."""
        if letters := self._large.remove(partitions):
            for partition in partitions:
                self.queue.hold(partition)
            await self.settle([Released(each) for each in letters])

    async def _acquire(self, membership: Membership, partitions: Collection[TopicPartition]) -> None:
        """Begin with partitions of the share."""
        turn = membership.turn
        try:
            found = await membership.progress(partitions)
        except KafkaError as error:
            self.fail(self._connection.explained(error))
            return
        if turn != membership.turn or membership is not self._membership:
            return  # a share that came meanwhile begins anew
        by_number: defaultdict[int, list[Cursor]] = defaultdict(list)
        changed = []
        for partition in sorted(partitions):
            cursor = self._cursor(partition, found)
            if cursor.cover(self._topics[partition.topic], found.first[partition]):
                changed.append(cursor)
            by_number[partition.partition].append(cursor)
            self._read[partition] = cursor
            membership.seek(partition, cursor.read)
        for number, cursors in by_number.items():
            self.own(number, [*self._cursors.get(number, ()), *cursors])
        if changed:
            try:
                await self.save(changed)
            except BusError as error:
                self.fail(error)
                return
        self._reread()

    def _cursor(self, partition: TopicPartition, found: Progress) -> Cursor:
        """Return where the group goes on in a partition; what is not there any more is told."""
        topic, number = partition
        types, first = self._topics[topic], found.first[partition]
        if partition not in found.committed:
            return Cursor(topic, number, first, types)
        cursor = progress.read(partition, found.committed[partition], types)
        if cursor.position > found.end[partition]:
            logger.error("%s: %s/%d was made anew, and is read from its first event on", self.group, topic, number)
            return Cursor(topic, number, first, types)
        if cursor.position < first and topic != self._dead:
            logger.error(
                "%s: events %d to %d of %s/%d were removed by the topic's retention before they were handled",
                self.group, cursor.position, first - 1, topic, number,
            )  # fmt: skip
        cursor.begin(first)
        return cursor

    # -- reading

    async def _keep_reading(self, membership: Membership) -> None:
        clock = asyncio.get_running_loop().time
        save_at = clock() + SAVE_EVERY
        try:
            while True:
                if self._changed and clock() >= save_at:
                    self._next()
                    save_at = clock() + SAVE_EVERY
                wanted = [each for each, cursor in self._read.items() if len(cursor) < WINDOW]
                if not wanted:
                    await asyncio.sleep(IDLE)
                for partition, records in (await membership.read(wanted)).items():
                    if (cursor := self._read.get(partition)) is not None:
                        self._put(cursor, records)
        except KafkaError as error:
            # Also where an offset is not there any more: what is there is asked when the group is joined again.
            self.fail(self._connection.explained(error))
        except Exception as error:
            # Nobody waits for this task, and all would wait for what it reads.
            logger.exception("%s: reading failed", self.group)
            what = f"reading failed with {type(error).__name__}"
            self.fail(BusError(what, where=self._connection.url, mend="see the log for where, and report it"))

    def _put(self, cursor: Cursor, records: Iterable[ConsumerRecord]) -> None:
        """Feed what was read; what is no business of the group is skipped."""
        for record in records:
            if record.offset < cursor.read:
                continue
            message = self._message(cursor, record)
            if message is not None:
                self.feed(cursor, record.offset, message)
            else:
                cursor.skip(record.offset)
                self._changed.add(cursor.main)

    def _message(self, cursor: Cursor, record: ConsumerRecord) -> Envelope | Unreadable | None:
        """Return what a record holds for this group; None where that is nothing."""
        if cursor.log == self._dead:
            if not is_replay(record):
                return None
            self._replays[cursor, record.offset] = Letter.of(record)
            return replayed(record)
        type_ = type_in(record)
        if type_ is not None:
            return message_of(record) if type_ in cursor.types else None
        # In structured mode the type stands in the value. What has none is nobody's, and must not be lost.
        message = message_of(record)
        if isinstance(message, Envelope):
            return message if message.type in cursor.types else None
        return message if cursor.until is None else None

    def _reread(self) -> None:
        """Read the past of types that are new to the group or come back to it, beside what is new."""
        if self._rereading is not None and not self._rereading.done():
            self._rereading.cancel()
        if any(cursor.unread for cursor in self._read.values()):
            self._rereading = self._task(self._read_past())

    async def _read_past(self) -> None:
        try:
            await read_past(self._connection, self._read, WINDOW, self._put)
        except BusError as error:
            self.fail(error)

    def _quit(self, membership: Membership) -> None:
        self._membership = None
        self._large.close()
        for task in (self._reader, self._acquiring, self._rereading):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        for partition in list(self.owned):
            self.lose(partition)
        # A task of its own: one that was cancelled in the middle would leave connections open.
        closing = asyncio.create_task(membership.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _partition(cursor: Cursor) -> TopicPartition:
    return TopicPartition(cursor.log, cursor.partition)
