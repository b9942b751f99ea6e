"""Which topics there are: one for each domain, and for each group one for what it gave up."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from eventkit.bus.kafka.connection import LARGEST_RECORD, Connection
from eventkit.bus.kafka.errors import explained
from eventkit.contract.errors import BusError, ConfigurationError

DEAD_SUFFIX: Final = ".dead"
REPLICAS: Final = 3
"""With two of them in sync (`min.insync.replicas`), any broker may fail, and nothing is lost and publishing goes on."""
DAY: Final = 86_400_000
"""Milliseconds."""
_UNKNOWN: Final = 3  # UNKNOWN_TOPIC_OR_PARTITION
_LEGAL_PREFIX: Final = re.compile(r"[a-zA-Z0-9._-]{0,100}")

logger = logging.getLogger("eventkit.bus.kafka")


@dataclass(frozen=True, slots=True)
class Layout:
    """How topics are named and made.

    Args:
        url: The bus, for messages.
        prefix: Stands before the name of each topic and group.
        partitions: Partitions of the topics that are made here; those that exist keep theirs.
        replication: Replicas of each partition of topics that are made here; 0 for `REPLICAS`, or as many as there are
            brokers.
        retention: Days for which events are kept.
        create: Make topics that are missing.

    Raises:
        ConfigurationError: A value out of its range.
    """

    url: str
    prefix: str
    partitions: int
    replication: int
    retention: float
    create: bool

    def __post_init__(self) -> None:
        for setting, ok, rule in (
            (f"prefix={self.prefix!r}", _LEGAL_PREFIX.fullmatch(self.prefix), "letters, digits, '.', '_' and '-'"),
            (f"partitions={self.partitions}", 1 <= self.partitions <= 10_000, "1 to 10,000 partitions"),
            (f"replication={self.replication}", 0 <= self.replication <= 100, "1 to 100 replicas"),
            (f"retention={self.retention}", 0 < self.retention < 36_500, "more than 0 days"),
        ):
            if not ok:
                raise ConfigurationError(f"{setting} is out of range", where=self.url, mend=f"give {rule}")

    def topic(self, type_: str) -> str:
        """Return the topic of an event type: that of its domain."""
        return self.prefix + type_.partition(".")[0]

    def dead(self, group: str) -> str:
        """Return the topic of a group's dead letters."""
        return f"{self.prefix}{group}{DEAD_SUFFIX}"

    def is_domain(self, topic: str) -> bool:
        """Tell whether a topic holds the events of a domain, as far as its name tells."""
        return topic.startswith(self.prefix) and "." not in topic.removeprefix(self.prefix)

    def new_topic(self, topic: str, partitions: int, brokers: int) -> NewTopic:
        """Return what makes a topic in a cluster of so many brokers."""
        config = {"max.message.bytes": str(LARGEST_RECORD)}
        if topic.endswith(DEAD_SUFFIX):
            # Of each dead letter the newest record stays, for ever: the letter itself, or that it is gone.
            config["cleanup.policy"] = "compact"
        else:
            config["retention.ms"] = str(int(self.retention * DAY))
        return NewTopic(topic, partitions, self.replication or min(REPLICAS, brokers), topic_configs=config)


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

    def knows(self, topic: str) -> bool:
        """Tell whether a topic was there when it was asked for last."""
        return topic in self._known

    def forget(self) -> None:
        """Look again at the next use: a topic has turned out to be gone."""
        self._known.clear()

    async def ensure(self, topics: Collection[str], *, least: int = 0) -> Mapping[str, int]:
        """Make topics that are missing.

        Args:
            topics: Their names.
            least: How many partitions each has to have at least; those that are made get as many. 0 for what the
                settings say.

        Returns:
            The partitions of each.

        Raises:
            BusError: A topic is missing or has too few partitions and may not be made or enlarged, or no broker
                answers.
        """
        if all(self._known.get(topic, -1) >= least for topic in topics):
            return {topic: self._known[topic] for topic in topics}
        async with self._connection.admin() as admin:
            found = await self._find(admin, topics)
            missing = sorted(set(topics) - found.keys())
            if missing:
                self._may_make(f"there is no topic {missing[0]}", f"make it: {', '.join(missing)}")
                await self._make(admin, missing, least or self.layout.partitions)
                found = await self._find(admin, topics)
            for topic, count in found.items():
                if count < least:
                    self._may_make(
                        f"the topic {topic} has {count} partitions, and {least} are needed",
                        "give it as many as the largest topic that the group reads",
                    )
                    await admin.create_partitions({topic: NewPartitions(least)})
                    found = {**found, topic: least}
        self._known.update(found)
        return found

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
        """Return the topics of this bus whose names end with `suffix`, and their partitions."""
        async with self._connection.admin() as admin:
            names = [
                each for each in await admin.list_topics()
                if each.startswith(self.layout.prefix) and each.endswith(suffix)
            ]  # fmt: skip
            return await self._described(admin, names)

    def _may_make(self, what: str, mend: str) -> None:
        if not self.layout.create:
            raise BusError(f"{what}, and create=false", where=self.layout.url, mend=mend)

    async def _find(self, admin: AIOKafkaAdminClient, topics: Collection[str]) -> dict[str, int]:
        # By the list of all, because asking for one by its name makes it on brokers that make topics by themselves.
        there = set(await admin.list_topics())
        return await self._described(admin, [topic for topic in topics if topic in there])

    async def _described(self, admin: AIOKafkaAdminClient, topics: Collection[str]) -> dict[str, int]:
        """Return the partitions of topics that were there a moment ago, as far as they still are."""
        if not topics:
            return {}
        found = {}
        for described in await admin.describe_topics(list(topics)):
            if described["error_code"] == 0:
                found[described["topic"]] = len(described["partitions"])
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
