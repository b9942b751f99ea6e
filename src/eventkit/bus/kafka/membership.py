"""One instance's place in its consumer group: joining, being told its share, committing, leaving.

What aiokafka does not offer in public, whether the group still knows this instance, and its background errors, is asked
here and nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, OffsetAndMetadata, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    GroupCoordinatorNotAvailableError,
    IllegalStateError,
    NoOffsetForPartitionError,
)

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.glances import Glances
from eventkit.bus.kafka.sharing import Assignor, Claim

# How soon an instance hears that the group is being shared out anew.
_HEARTBEAT: Final = 500  # milliseconds
REJOIN_WITHIN: Final = 10.0
"""Seconds that a member gets to take part when its group is shared out anew. Nothing has to be finished for that."""
# The answer to a member that joins comes when all others have, or their time is up.
_ANSWER_WITHIN: Final = REJOIN_WITHIN + 5.0
# What is given up within so many seconds is shared out in one go; who leaves needs not ask.
_TOGETHER: Final = 0.05
# How long a call waits for records; what it waits for changes meanwhile.
_WAIT: Final = 100  # milliseconds
_BATCH: Final = 500
"""Records that are taken up at once; in between, others get their turn."""


class Owner(Protocol):
    """Whose membership it is."""

    @abstractmethod
    def claim(self) -> Claim:
        """Return what to say when the group is shared out anew."""

    @abstractmethod
    def expelled(self) -> None:
        """The group has gone on without this instance: what it held is somebody else's."""

    @abstractmethod
    def assigned(self, mine: Collection[TopicPartition], give_up: Collection[TopicPartition]) -> None:
        """This is the instance's share now; others wait for `give_up` of it."""


class Progress(NamedTuple):
    """How far a group has got in partitions, and what they hold.

    Args:
        committed: What the group has committed; partitions of which it has committed nothing are missing.
        first: The first offset that is there.
        end: The offset that comes next.
    """

    committed: Mapping[TopicPartition, OffsetAndMetadata]
    first: Mapping[TopicPartition, int]
    end: Mapping[TopicPartition, int]


class Membership(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """A member of a consumer group, from `open` to `close`.

    Args:
        connection: The brokers.
        group: The group's id.
        topics: What it reads.
        seldom: One of them, which seldom holds something.
        session: Seconds after which a member that is not heard of is put out.
        owner: Is told the share.
    """

    def __init__(
        self, connection: Connection, group: str, topics: Collection[str], seldom: str, session: float, owner: Owner
    ) -> None:
        self.turn = 0
        """Changes with each share, and when one begins to be worked out."""
        self._connection = connection
        self._topics = sorted(topics)
        self._session = session
        self._owner = owner
        self._give_up: Collection[TopicPartition] = ()
        # While the group is shared out anew, a commit would be refused and would make it start again.
        self._settled = asyncio.Event()
        self._asking: asyncio.Handle | None = None
        self._joined_before = False
        self._coordinated = time.monotonic()  # when there was a broker for the group, as far as is known
        self._consumer: AIOKafkaConsumer = connection.consumer(
            group_id=group,
            session_timeout_ms=int(session * 1000),
            rebalance_timeout_ms=int(REJOIN_WITHIN * 1000),
            request_timeout_ms=int(_ANSWER_WITHIN * 1000),
            heartbeat_interval_ms=_HEARTBEAT,
            partition_assignment_strategy=[Assignor(self)],
        )
        self._glances = Glances(self._consumer, seldom)

    async def open(self) -> None:
        """Connect, and begin to join; raises BusError."""
        await self._connection.start(self._consumer.start)
        self._consumer.subscribe(self._topics, listener=self)

    async def close(self) -> None:
        """Leave the group, and disconnect."""
        if self._asking is not None:
            self._asking.cancel()
        self.turn += 1
        self._settled.set()  # for those who wait: they find the consumer stopped
        await self._connection.stop(self._consumer)

    def ask_anew(self) -> None:
        """Have the group shared out anew, soon: what this instance says of itself has changed."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().call_later(_TOGETHER, self._ask)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read a partition of this instance's share on from an offset."""
        self._consumer.seek(partition, offset)

    async def read(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, list[ConsumerRecord]]:
        """Wait a moment for records of some partitions of the share.

        Raises:
            KafkaError: They cannot be read, or there has been no broker for the group for as long as a session lasts.
                Of that aiokafka tells nobody: it looks for one for ever.
        """
        now = time.monotonic()
        if self._consumer._coordinator.coordinator_id is not None:
            self._coordinated = now
        elif now > self._coordinated + self._session:
            raise GroupCoordinatorNotAvailableError
        if not self._settled.is_set():
            try:
                async with asyncio.timeout(_WAIT / 1000):
                    await self._settled.wait()
            except TimeoutError:
                return {}
        if not partitions:
            self._consumer._coordinator.check_errors()
            return {}
        try:
            found: Mapping[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
                *partitions, timeout_ms=_WAIT, max_records=_BATCH
            )
            self._glances.note(sum(map(len, found.values())), _BATCH)
        except (IllegalStateError, ConsumerStoppedError, NoOffsetForPartitionError):
            return {}  # the share changed meanwhile
        return found

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> bool:
        """Store offsets.

        Returns:
            Whether they were stored; where not, the group is being shared out anew, and when this is done some of the
            partitions may belong to others.

        Raises:
            KafkaError: They could not be stored.
        """
        await self._settled.wait()
        turn = self.turn
        # aiokafka goes on with a commit that is cancelled, and nobody would ask for what comes of it.
        committing = asyncio.create_task(self._consumer.commit(offsets))
        committing.add_done_callback(_asked)
        try:
            await asyncio.shield(committing)
        except (CommitFailedError, IllegalStateError):
            if turn == self.turn:
                self._settled.clear()
            return False
        return True

    async def progress(self, partitions: Collection[TopicPartition]) -> Progress:
        """Return how far the group has got in partitions, and what they hold; raises KafkaError."""
        consumer = self._consumer
        return Progress(
            *await asyncio.gather(
                consumer._coordinator.fetch_committed_offsets(list(partitions)),
                consumer.beginning_offsets(partitions),
                consumer.end_offsets(partitions),
            )
        )

    # -- what the assignor asks

    def claim(self) -> Claim:
        """Return what to say when the group is shared out anew."""
        if self._joined_before and not self._consumer._coordinator.member_id:
            self._owner.expelled()
        self._joined_before = True
        return self._owner.claim()

    def told(self, give_up: Collection[TopicPartition]) -> None:
        """Take note of what others wait for."""
        self._give_up = give_up

    # -- what aiokafka calls

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """The group is being shared out anew; what this instance holds stays with it."""
        self.turn += 1
        self._settled.clear()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Tell the owner its share."""
        self.turn += 1
        self._glances.begin()
        self._owner.assigned(assigned, self._give_up)
        self._settled.set()

    def _ask(self) -> None:
        self._asking = None
        self.turn += 1
        self._settled.clear()
        self._consumer.subscribe(self._topics, listener=self)


def _asked(committing: asyncio.Task[None]) -> None:
    if not committing.cancelled():
        committing.exception()
