"""`NATSSubscription`: one instance's share of a group.

Every instance looks from time to time, and when another one rings, who is there and who has which partition. It gives
up what another one should have, and takes what it should have and nobody owns, or an owner that is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, cast

from eventkit.bus.group_queue import Item
from eventkit.bus.nats.connection import Connection
from eventkit.bus.nats.dead_letters import bury
from eventkit.bus.nats.documents import Conflict, Documents
from eventkit.bus.nats.jetstream import JetStream, StreamState
from eventkit.bus.nats.membership import ExpelledError, Member, Membership
from eventkit.bus.nats.names import REPLAYED
from eventkit.bus.nats.partition import Partition, Progress, document_of
from eventkit.bus.nats.partition import free as free_document
from eventkit.bus.nats.reading import Reading
from eventkit.bus.nats.replayed import finished, remove, remove_leftovers
from eventkit.bus.nats.topology import Topology
from eventkit.bus.partitions.cursor import Cursor
from eventkit.bus.partitions.log_subscription import LogSubscription
from eventkit.bus.partitions.shares import shares
from eventkit.contract.errors import BusError, ConfigurationError
from eventkit.delivery.subscription import Dead, Outcome

_LEAVE_WITHIN: Final = 2.0  # seconds
_LOOK_AT_STREAMS: Final = 30.0
"""Seconds after which streams are looked at again: much less than any retention."""

logger: Final = logging.getLogger("eventkit.bus.nats")


class NATSSubscription(LogSubscription):
    """One instance's share of a group.

    Args:
        jetstream: The server.
        documents: The bus's documents.
        topology: Makes streams that are not there.
        group: The group.
        types: The types that it handles.
        partitions: How many partitions there are.
        lease: Seconds for which a delivery is this instance's own.
    """

    def __init__(
        self,
        jetstream: JetStream,
        documents: Documents,
        topology: Topology,
        group: str,
        types: Collection[str],
        partitions: int,
        lease: float,
    ) -> None:
        super().__init__(group, lease)
        self._jetstream = jetstream
        self._names = jetstream.names
        self._connection: Connection = jetstream.connection
        self._documents = documents
        self._topology = topology
        self._types = frozenset(types)
        self._count = partitions
        self._partitions: dict[int, Partition] = {}
        self._giving_up: dict[int, asyncio.Task[None]] = {}
        self._membership = Membership(documents, group, lease)
        self._bell = asyncio.Event()
        self._look_at_streams = 0.0
        self._bucket: StreamState | None = None
        self._reading = Reading(jetstream, group, self.feed, self.queue.size, lambda: len(self.owned), self._gone)
        self._claims_known = True  # no document names this instance as an owner that it is not
        self._keeper: asyncio.Task[None] | None = None
        self._listener = self._connection.listen(self._names.bell_subject(group), lambda *_: self._bell.set())
        self._connection.connected.append(self._connected)

    # -- membership

    async def _join(self) -> None:
        await self._stop_keeping()
        self._membership = Membership(self._documents, self.group, self.lease)
        try:
            await self._topology.declare()
            self._bucket = await self._jetstream.state(self._names.bucket)
            await self._membership.renew()
            self._ring()
            await self._look()
        except BaseException as error:
            for number in list(self.owned):
                self.lose(number)
            if isinstance(error, BusError | ConfigurationError):
                await self._leave()
            else:  # whoever gave up waiting does not wait for that either
                self._leaving = self._task(self._leave())
            raise
        self._keeper = asyncio.create_task(self._keep())

    async def _resign(self) -> None:
        self._membership.staying = False
        with suppress(BusError):
            await self._membership.renew()
        self._ring()

    async def _leave(self) -> None:
        await self._stop_keeping()
        with suppress(BusError, TimeoutError):  # otherwise others find out when its lease ends
            async with asyncio.timeout(_LEAVE_WITHIN):
                await self._membership.leave()
        self._ring()
        if self.closed:
            self._connection.ignore(self._listener)
            with suppress(ValueError):
                self._connection.connected.remove(self._connected)

    async def abort(self) -> None:
        """The bus closes: give all partitions up now, and take none that others give up."""
        await self._stop_keeping()
        giving_up = list(self._giving_up.values())
        for task in giving_up:
            task.cancel()
        await asyncio.gather(*giving_up, return_exceptions=True)
        await super().abort()

    async def _stop_keeping(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None and keeper is not asyncio.current_task():
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    def _connected(self) -> None:
        """There is a new connection: what was sent on the old one may be lost."""
        for partition in self._partitions.values():
            for reader in partition.readers:
                reader.restart()
        self._bell.set()

    def _ring(self) -> None:
        self._connection.tell(self._names.bell_subject(self.group))

    async def _keep(self) -> None:
        """Renew the lease, and look who is there."""
        clock = asyncio.get_running_loop().time
        membership, period = self._membership, self.lease / 3
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, membership.renewed + period - clock())):
                    await self._bell.wait()
            self._bell.clear()
            try:
                async with asyncio.timeout(max(period, membership.renewed + self.lease - clock())):
                    if clock() >= membership.renewed + period:
                        await membership.renew()
                    if membership.staying:
                        await self._look()
                    if clock() >= self._look_at_streams:
                        self._look_at_streams = clock() + _LOOK_AT_STREAMS
                        await self._look_at_readers()
            except (BusError, ConfigurationError, TimeoutError) as error:
                if await self._documents_were_lost():
                    continue
                if isinstance(error, ExpelledError) or clock() >= membership.renewed + self.lease:
                    self.fail(_as_bus_error(error))
                    return
                await asyncio.sleep(min(period / 3, 1.0))
                self._bell.set()

    async def _documents_were_lost(self) -> bool:
        """Where all documents are gone, make them anew from what this instance knows."""
        try:
            async with asyncio.timeout(self.lease / 3):
                bucket = await self._jetstream.state(self._names.bucket)
                if bucket is not None and (self._bucket is None or bucket.made == self._bucket.made):
                    return False
                logger.error("the documents in %s were removed: %s writes its own anew", self._names.bucket, self.group)
                await self._topology.declare()
                self._bucket = await self._jetstream.state(self._names.bucket)
                self._membership.forget()
                await self._membership.renew()
                await asyncio.gather(*(partition.write() for partition in self._partitions.values()))
        except (BusError, ConfigurationError, TimeoutError, Conflict):
            return False
        return True

    # -- partitions

    async def _look(self) -> None:
        """Give up partitions that others should have, and take those that this instance should have."""
        ours = self._share_of(await self._membership.others())
        for number in self.owned - ours - self._giving_up.keys():
            self._give_up(number)
        # Mostly none: with many instances and partitions, reading all would keep the server busy with nothing.
        claims_known, self._claims_known = self._claims_known, True
        numbers = (ours if claims_known else set(range(self._count))) - self.owned
        if numbers:
            try:
                await self._look_at(numbers)
            except BaseException:
                self._claims_known = False
                raise

    async def _look_at(self, numbers: Collection[int]) -> None:
        """Take some partitions, as far as nobody has them and this instance should."""
        wanted = {number: document_of(self.group, number) for number in numbers}
        # The documents first: an owner who is not there any more when they were read is gone.
        documents = await asyncio.gather(*map(self._documents.get, wanted.values()))
        members = await self._membership.others()
        ours = self._share_of(members)
        free: dict[int, Progress] = {}
        for (number, name), document in zip(wanted.items(), documents, strict=True):
            progress = Progress.of(name, document)
            is_ours = progress.owner == self._membership.name
            if number in ours and (is_ours or progress.owner not in members):
                free[number] = progress
            elif is_ours:
                # It was given up, or taken, while the server could not be reached: others take us for its owner.
                with suppress(Conflict):
                    await free_document(self._documents, name, self._membership.name, progress)
                self._ring()
        if free and not self.closed:
            streams = await self._streams()
            await asyncio.gather(*(self._take(number, each, streams) for number, each in free.items()))

    def _share_of(self, members: Mapping[str, Member]) -> frozenset[int]:
        share = shares([each.name for each in members.values() if each.staying], self._count)
        return share.get(self._membership.name, frozenset())

    async def _look_at_readers(self) -> None:
        """See what is in the streams, for readers to which nothing comes."""
        streams = await self._streams()
        readers = [reader for partition in self._partitions.values() for reader in partition.readers]
        await asyncio.gather(*(reader.look(streams[reader.stream]) for reader in readers))

    async def _streams(self) -> dict[str, StreamState]:
        """Return the streams that are read; they are made where they are gone."""
        streams = dict.fromkeys([*map(self._names.stream, sorted(self._types)), self._names.replay])
        found = {stream: await self._jetstream.state(stream) for stream in streams}
        if None in found.values():
            await self._topology.declare(self._types)
            found = {stream: await self._jetstream.state(stream) for stream in streams}
        return {stream: state for stream, state in found.items() if state is not None}

    async def _take(self, number: int, progress: Progress, streams: Mapping[str, StreamState]) -> None:
        name = self._membership.name
        partition = Partition(self._documents, self._names, self.group, number, name, streams, progress, self._types)
        for stream in partition.streams:
            if progress.made.get(stream, streams[stream].made) != streams[stream].made:
                logger.error(
                    "%s was removed and made again: %s begins with its first event, and did not see what the old one"
                    " held after that of its progress", stream, self.group,
                )  # fmt: skip
        cursors = list(partition.cursors.values())
        self._partitions[number] = partition
        self.own(number, cursors)
        try:
            # With all that there is, so that whoever comes after an owner that dies at once knows that it did.
            await partition.write(cursors)
        except Conflict:
            self.lose(number)
            self._bell.set()
        except BaseException:
            self.lose(number)
            self._claims_known = False
            raise
        else:
            replay = streams[self._names.replay]
            if replay.last >= replay.first:
                await remove_leftovers(self._jetstream, self.group, partition)
            if self._partitions.get(number) is partition:
                self._reading.begin(partition)

    def _gone(self, number: int) -> None:
        """A stream is gone, or another one stands in its place: begin anew with the partition."""
        self.lose(number)
        self._bell.set()

    def _give_up(self, number: int) -> None:
        async def give_up() -> None:
            try:
                await self.hand_over(number)
            except BusError as error:
                self._claims_known = False
                logger.warning("partition %d of %s was given up without order: %s", number, self.group, error)
            finally:
                del self._giving_up[number]
                self._bell.set()

        self._giving_up[number] = asyncio.create_task(give_up())

    def lose(self, partition: int) -> None:
        """Forget a partition."""
        super().lose(partition)
        found = self._partitions.pop(partition, None)
        if found is not None:
            found.stop()

    # -- progress

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        replayed = finished(outcomes) if any(len(each.cursors[REPLAYED]) for each in self._partitions.values()) else ()
        await super()._settle(outcomes)
        for number in {each.delivery.partition for each in outcomes if isinstance(each.delivery, Item)}:
            partition = self._partitions.get(number)
            for reader in () if partition is None else partition.readers:
                reader.refill()
        if replayed:
            # What of a partition that was lost meanwhile is handled, its owner of now says.
            ours = {partition.cursors[REPLAYED] for partition in self._partitions.values()}
            await remove(self._jetstream, [place for cursor, place in replayed if cursor in ours])

    async def _save(self, cursors: Collection[Cursor]) -> None:
        changed: dict[int, list[Cursor]] = {}
        for cursor in cursors:
            changed.setdefault(cursor.partition, []).append(cursor)
        results = await asyncio.gather(*(self._write(*each) for each in changed.items()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _write(self, number: int, cursors: Collection[Cursor]) -> None:
        partition = self._partitions.get(number)
        if partition is None:
            return
        try:
            await partition.write(cursors)
        except Conflict:
            if self._partitions.get(number) is partition:
                logger.warning("partition %d of %s is somebody else's now", number, self.group)
                self.lose(number)

    async def _release(self, partition: int) -> None:
        found = self._partitions.get(partition)
        if found is not None:
            streams = await self._streams()
            await asyncio.gather(*(reader.look(streams[reader.stream]) for reader in found.readers))
            found.advance()
        await super()._release(partition)

    async def _free(self, partition: int) -> None:
        with suppress(Conflict):
            await self._partitions[partition].write(owner="")
        self._ring()

    async def _bury(self, dead: Dead) -> bool:
        item = cast(Item, dead.delivery)
        cursor, place = cast("tuple[Cursor, int]", item.token)
        await bury(self._jetstream, self.group, dead, item.partition, cursor.log, place)
        return True


def _as_bus_error(error: Exception) -> BusError:
    if isinstance(error, BusError):
        return error
    if isinstance(error, ConfigurationError):
        return BusError(error.what, where=error.where, mend=error.mend)
    return BusError("the server does not answer", mend="see whether it is up")
