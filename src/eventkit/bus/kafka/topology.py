"""Which topics there are, and making those that are missing."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.differences import require_as_given
from eventkit.bus.kafka.errors import explained
from eventkit.bus.kafka.layout import PARTITIONS, Layout
from eventkit.contract.errors import BusError

_UNKNOWN: Final = 3  # UNKNOWN_TOPIC_OR_PARTITION

logger = logging.getLogger("eventkit.bus.kafka")


class Topology:
    """The topics of a cluster, as far as this bus has to do with them.

    Args:
        connection: The brokers.
        layout: How topics are named and made.
    """

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self.layout = layout
        self._connection = connection
        self._known: dict[str, int] = {}
        self._compared: set[str] = set()
        self._asking: dict[tuple[frozenset[str], int], asyncio.Task[Mapping[str, int]]] = {}

    @property
    def knows_none(self) -> bool:
        """Whether nothing is known, as when the bus was opened just now."""
        return not self._known

    def knows(self, topic: str) -> bool:
        """Tell whether a topic was there when it was asked for last."""
        return topic in self._known

    def begin(self) -> None:
        """Know nothing of topics: the bus is being opened."""
        self.forget()
        self._compared.clear()

    def forget(self) -> None:
        """Look again at the next use: a topic has turned out to be gone."""
        self._known.clear()

    async def ensure(self, topics: Collection[str], *, least: int = 0) -> Mapping[str, int]:
        """Make topics that are missing, and see whether the others are as the settings say.

        This is seen once for each topic while the bus is open: nobody who changes a topic stops services that run.

        Args:
            topics: Their names.
            least: How many partitions each has to have at least; those that are made get as many. 0 for what the
                settings say.

        Returns:
            The partitions of each.

        Raises:
            BusError: A topic is missing or has too few partitions and may not be made or enlarged, or no broker
                answers.
            ConfigurationError: A topic is another one than the settings say.
        """
        if all(self._known.get(topic, -1) >= least for topic in topics):
            return {topic: self._known[topic] for topic in topics}
        # Those who publish the first events of a domain at once share one answer, over one connection.
        asked = frozenset(topics), least
        asking = self._asking.get(asked)
        if asking is None:
            asking = self._asking[asked] = asyncio.create_task(self._ensure(topics, least))
            asking.add_done_callback(functools.partial(self._answered, asked))
        return await asyncio.shield(asking)

    async def domains(self, types: Collection[str] | None) -> set[TopicPartition]:
        """Return the partitions of the topics of event types, as far as they exist; None for all of this bus."""
        asked = None if types is None else {self.layout.topic(each) for each in types}
        return {
            TopicPartition(topic, number)
            for topic, count in (await self.existing("")).items()
            for number in range(count)
            if (topic in asked if asked is not None else self.layout.is_domain(topic))
        }

    async def existing(self, suffix: str) -> Mapping[str, int]:
        """Return the topics whose names begin with the prefix and end with `suffix`, and their partitions."""
        async with self._connection.admin() as admin:
            names = [
                each for each in await admin.list_topics()
                if each.startswith(self.layout.prefix) and each.endswith(suffix)
            ]  # fmt: skip
            return {topic: len(replicas) for topic, replicas in (await self._described(admin, names)).items()}

    async def _ensure(self, topics: Collection[str], least: int) -> Mapping[str, int]:
        async with self._connection.admin() as admin:
            found = await self._find(admin, topics)
            unseen = {topic: replicas for topic, replicas in found.items() if topic not in self._compared}
            await require_as_given(admin, self.layout, unseen)
            missing = sorted(set(topics) - found.keys())
            if missing:
                self._may_make(f"there is no topic {missing[0]}", f"make it: {', '.join(missing)}")
                await self._make(admin, missing, least or self.layout.partitions or PARTITIONS)
                found = await self._find(admin, topics)
            counts = {topic: len(replicas) for topic, replicas in found.items()}
            for topic, count in counts.items():
                if count < least:
                    self._may_make(
                        f"the topic {topic} has {count} partitions, and {least} are needed",
                        "give it as many as the largest topic that the group reads",
                    )
                    await admin.create_partitions({topic: NewPartitions(least)})
                    counts = {**counts, topic: least}
        self._compared.update(counts)
        self._known.update(counts)
        return counts

    def _answered(self, asked: tuple[frozenset[str], int], asking: asyncio.Task[Mapping[str, int]]) -> None:
        del self._asking[asked]
        if not asking.cancelled():
            asking.exception()  # asyncio would report it where nobody waits any more

    def _may_make(self, what: str, mend: str) -> None:
        if not self.layout.create:
            raise BusError(f"{what}, and create=false", where=self.layout.url, mend=mend)

    async def _find(self, admin: AIOKafkaAdminClient, topics: Collection[str]) -> Mapping[str, Sequence[int]]:
        # By the list of all, because asking for one by its name makes it on brokers that make topics by themselves.
        there = set(await admin.list_topics())
        return await self._described(admin, [topic for topic in topics if topic in there])

    async def _described(self, admin: AIOKafkaAdminClient, topics: Collection[str]) -> Mapping[str, Sequence[int]]:
        """Return of topics that were there a moment ago, as far as they still are, the replicas of each partition."""
        if not topics:
            return {}
        found = {}
        for described in await admin.describe_topics(list(topics)):
            if described["error_code"] == 0:
                found[described["topic"]] = [len(each["replicas"]) for each in described["partitions"]]
            elif described["error_code"] != _UNKNOWN:
                raise explained(for_code(described["error_code"])(), self.layout.url)
        return found

    async def _make(self, admin: AIOKafkaAdminClient, topics: Collection[str], partitions: int) -> None:
        try:
            brokers = len((await admin.describe_cluster())["brokers"])
            answer = await admin.create_topics([self.layout.new_topic(each, partitions, brokers) for each in topics])
        except KafkaError as error:
            raise explained(error, self.layout.url) from error
        for topic, code, *message in answer.topic_errors:
            kind = for_code(code)
            if code and kind is not TopicAlreadyExistsError:  # another instance was faster
                raise BusError(
                    f"the topic {topic} cannot be made: {message[0] if message and message[0] else kind.__name__}",
                    where=self.layout.url,
                    mend="make it, or change `replication` and `partitions`",
                )
            if not code:
                logger.info("made the topic %s with %d partitions", topic, partitions)
