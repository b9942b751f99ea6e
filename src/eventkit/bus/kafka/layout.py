"""How topics are named and made: one for each domain, and for each group one for what it gave up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiokafka.admin import NewTopic

from eventkit.bus.kafka.connection import LARGEST_RECORD
from eventkit.bus.naming import Streams, require_prefix
from eventkit.bus.settings import MOST_DAYS
from eventkit.contract.errors import ConfigurationError

DEAD_SUFFIX: Final = ".dead"
PARTITIONS: Final = 8
"""Of topics that are made, where the settings say nothing."""
REPLICAS: Final = 3
"""With two of them in sync (`min.insync.replicas`), any broker may fail, and nothing is lost and publishing goes on."""
RETENTION: Final = 7.0
"""Days."""
DAY: Final = 86_400_000
"""Milliseconds."""
_DAYS: Final = f"more than 0 days, {MOST_DAYS:,} at the most"
_LEGAL_PREFIX: Final = r"[a-zA-Z0-9._-]{0,100}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How topics are named and made.

    Args:
        url: The bus, for messages.
        prefix: Stands before the name of each topic and group.
        streams: What the topics of domains or types are called.
        partitions: Partitions of a domain's topic; None for `PARTITIONS` of one that is made here, and any number of
            one that exists.
        replication: Replicas of each partition; None for `REPLICAS`, or as many as there are brokers, and likewise.
        retention: Days for which events are kept; None for `RETENTION`, and likewise.
        create: Make topics that are missing.

    Raises:
        ConfigurationError: A value out of its range.
    """

    url: str
    prefix: str
    streams: Streams
    partitions: int | None
    replication: int | None
    retention: float | None
    create: bool

    def __post_init__(self) -> None:
        for setting, ok, rule in (
            (f"partitions={self.partitions}", _within(self.partitions, 1, 10_000), "1 to 10,000 partitions"),
            (f"replication={self.replication}", _within(self.replication, 1, 100), "1 to 100 replicas"),
            (f"retention={self.retention}", _within(self.retention, 1 / DAY, MOST_DAYS), _DAYS),
        ):
            if not ok:
                raise ConfigurationError(f"{setting} is out of range", where=self.url, mend=f"give {rule}")
        require_prefix(self.prefix, _LEGAL_PREFIX, "letters, digits, '.', '_' and '-', 100 at the most", self.url)

    @property
    def retention_ms(self) -> str:
        """For how long events are kept, as Kafka writes it."""
        return str(int((RETENTION if self.retention is None else self.retention) * DAY))

    def topic(self, type_: str) -> str:
        """Return the topic of an event type."""
        return self.prefix + self.streams.of(type_)

    def dead(self, group: str) -> str:
        """Return the topic of a group's dead letters."""
        return f"{self.prefix}{group}{DEAD_SUFFIX}"

    def is_dead(self, topic: str) -> bool:
        """Tell whether a topic holds dead letters."""
        return topic.endswith(DEAD_SUFFIX)

    def is_domain(self, topic: str) -> bool:
        """Tell whether a topic holds the events of a domain, as far as its name tells."""
        return topic.startswith(self.prefix) and self.streams.may_be(topic.removeprefix(self.prefix))

    def new_topic(self, topic: str, partitions: int, brokers: int) -> NewTopic:
        """Return what makes a topic in a cluster of so many brokers."""
        config = {"max.message.bytes": str(LARGEST_RECORD)}
        if self.is_dead(topic):
            # Of each dead letter the newest record stays, for ever: the letter itself, or that it is gone.
            config["cleanup.policy"] = "compact"
        else:
            config["retention.ms"] = self.retention_ms
        return NewTopic(topic, partitions, self.replication or min(REPLICAS, brokers), topic_configs=config)


def _within(value: float | None, least: float, most: float) -> bool:
    """Tell whether a setting is in its range; one that was not given is."""
    return value is None or least <= value <= most
