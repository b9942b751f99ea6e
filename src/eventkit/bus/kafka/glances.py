"""Glancing now and then at a topic that seldom holds something, while others are busy.

A request names every partition that is to be read, and its answer tells of every one. A group's own topic has as many
as the topics of its events, and nothing in it but what is replayed: named each time, it doubles what the client and the
broker do for a single event. So while events come it is named ten times a second, and always while none do.
"""

from __future__ import annotations

import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

EVERY: Final = 0.1
"""Seconds between two glances."""


class Glances:
    """What of a consumer's share is left out of its next requests.

    Args:
        consumer: The consumer.
        topic: The topic that seldom holds something.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._aside: list[TopicPartition] = []
        self._aside_until = 0.0
        self._begun = 0.0

    def begin(self) -> None:
        """Begin with another share: nothing is left out of it."""
        self._aside = []

    def note(self, records: int, most: int) -> None:
        """Decide what the next requests name.

        Args:
            records: How many records came just now.
            most: How many could have come. Where it is as many, others wait in the client, and would be thrown away
                with their partition.
        """
        if self._aside:
            if not records or time.monotonic() >= self._aside_until:
                self._begun = time.time() * 1000
                share = self._consumer.assignment()  # it may have changed, or be worked out just now
                self._consumer.resume(*(each for each in self._aside if each in share))
                self._aside = []
        elif 0 < records < most:
            seldom = [each for each in self._consumer.assignment() if each.topic == self._topic]
            if all(self._has_seen(each) for each in seldom):
                self._aside_until = time.monotonic() + EVERY
                self._consumer.pause(*seldom)
                self._aside = seldom

    def _has_seen(self, partition: TopicPartition) -> bool:
        """Tell whether an answer has told of a partition since this glance began."""
        told: int | None = self._consumer.last_poll_timestamp(partition)
        return told is not None and told >= self._begun
