"""Which instance of a group has which partitions, and how they are handed over without stopping the others.

In Kafka's own way of sharing, every instance gives up all of its partitions whenever one comes or goes, and may have to
wait for its slowest handler before it does. Here a partition stays with whoever holds it until that one has finished
with it (the idea of KIP-429, on top of the protocol that every broker and aiokafka speak):

1. Each instance says, when the group is shared out anew, which partitions it *holds*.
2. The leader of the group works out who should have which (`bus.partitions.shares`). What somebody else holds stays
   there, and the holder is told to *give it up*.
3. The holder lets what is out finish, commits, and asks for the group to be shared out anew. Now it does not hold the
   partition any more, and the other one gets it.

Partitions with the same number go together, of all topics: an event that is replayed from the dead letters goes to the
instance that has its key.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from eventkit.bus.partitions.shares import shares

_VERSION: Final = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What an instance says of itself.

    Args:
        topics: What it reads.
        held: What it has and does not give up yet.
        leaving: It wants no more than it holds.
    """

    topics: frozenset[str]
    held: frozenset[TopicPartition] = frozenset()
    leaving: bool = False


@dataclass(slots=True)
class Share:
    """What an instance is told.

    Args:
        mine: What it has now.
        give_up: Which of it others wait for.
    """

    mine: set[TopicPartition] = field(default_factory=set)
    give_up: set[TopicPartition] = field(default_factory=set)


def share_out(claims: Mapping[str, Claim], counts: Mapping[str, int]) -> dict[str, Share]:
    """Share partitions out among instances.

    Args:
        claims: What each instance says of itself.
        counts: How many partitions each topic has.

    Returns:
        What each is told. Each partition is in one share, or in none where nobody who reads it stays.
    """
    result = {member: Share() for member in claims}
    holders: dict[TopicPartition, str] = {}
    for member in sorted(claims):
        for held in claims[member].held:
            holders.setdefault(held, member)
    staying = [member for member in claims if not claims[member].leaving]
    wanted = shares(staying, max(counts.values(), default=0))
    for topic, count in counts.items():
        readers = [member for member in staying if topic in claims[member].topics]
        # The same for all topics, unless some instances, of another version of the service, do not read this one.
        by_reader = wanted if len(readers) == len(staying) else shares(readers, count)
        owner = {number: member for member, numbers in by_reader.items() for number in numbers}
        for number in range(count):
            partition = TopicPartition(topic, number)
            holder, future = holders.get(partition), owner.get(number)
            if (has := holder or future) is not None:
                result[has].mine.add(partition)
            if holder is not None and future not in (None, holder):
                result[holder].give_up.add(partition)
    return result


class Instance(Protocol):
    """Who takes part in the sharing."""

    @abstractmethod
    def claim(self) -> Claim:
        """Return what to say; called each time when the group is about to be shared out anew."""

    @abstractmethod
    def told(self, give_up: Collection[TopicPartition]) -> None:
        """Take note of what others wait for; called before the listener is told what is assigned."""


class Assignor:
    """What aiokafka asks; one object for each consumer.

    Args:
        instance: Who takes part.
    """

    name = "eventkit"

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Return what an instance says when it joins."""
        claim = self._instance.claim()
        said = {"held": _by_topic(claim.held), "leaving": claim.leaving}
        return ConsumerProtocolMemberMetadata(_VERSION, sorted(topics), json.dumps(said).encode())

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out, as the leader of the group."""
        claims = {name: _claim(metadata) for name, metadata in members.items()}
        topics = {topic for claim in claims.values() for topic in claim.topics}
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in sorted(topics)}
        return {
            name: ConsumerProtocolMemberAssignment(
                _VERSION,
                list(_by_topic(share.mine).items()),
                json.dumps({"give_up": _by_topic(share.give_up)}).encode(),
            )
            for name, share in share_out(claims, counts).items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Tell the instance what the leader says."""
        said = json.loads(assignment.user_data) if assignment.user_data else {}
        self._instance.told(_partitions(said.get("give_up", {})))


def _claim(metadata: ConsumerProtocolMemberMetadata) -> Claim:
    said: dict[str, Any] = json.loads(metadata.user_data) if metadata.user_data else {}
    return Claim(frozenset(metadata.subscription), _partitions(said.get("held", {})), bool(said.get("leaving")))


def _by_topic(partitions: Iterable[TopicPartition]) -> dict[str, list[int]]:
    result: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(partitions):
        result[topic].append(number)
    return dict(result)


def _partitions(by_topic: Mapping[str, Iterable[int]]) -> frozenset[TopicPartition]:
    return frozenset(TopicPartition(topic, number) for topic, numbers in by_topic.items() for number in numbers)
