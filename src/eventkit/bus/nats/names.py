"""What the bus calls things in a NATS server.

    order-stream      the events of one domain, here `order`; subjects `order.created.3`: the type and the partition
    eventkit-dead     dead letters; subjects `_eventkit.dead.payment_service.order.created`
    eventkit-replay   dead letters on their way to their group again, until it has handled them; subjects
                      `_eventkit.replay.payment_service.3.order.created`
    KV_eventkit       documents: who is there, who has which partition, and how far it got

The words of a type begin with a letter, so the last word of a subject tells its partition; a subject without a number,
as other publishers send it, belongs to partition 0. `_eventkit` begins with no letter, so it is no domain.

Where `streams` names the stream of a domain, it is called that instead, and its subjects stay. A type that is kept
apart from its domain has other subjects, `_order.audited.3`, because the domain's stream takes all of `order.>`. A
prefix stands before all names: `shop-order-stream`, `shop-order.created.3`, `_shop-eventkit.dead.payment_service`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from eventkit.bus.naming import Streams, domain_of
from eventkit.contract.event import TYPE_NAME

REPLAYED: Final = "replayed"
"""The log of what was replayed. It is no type: types have dots."""
_OF_DOMAIN: Final = re.compile(r"([a-z][a-z0-9_]*)-stream")


def is_type(type: str) -> bool:
    """Tell whether a type makes a subject."""
    return TYPE_NAME.fullmatch(type) is not None


class Names:
    """The names of one bus.

    Args:
        prefix: What they begin with.
        streams: The names of streams.
    """

    def __init__(self, prefix: str, streams: Streams) -> None:
        self._prefix = prefix
        self._streams = streams
        self._own = f"_{prefix}eventkit"
        self.dead = f"{prefix}eventkit-dead"
        """The stream of dead letters."""
        self.replay = f"{prefix}eventkit-replay"
        """The stream of what is on its way to its group again."""
        self.bucket = f"KV_{prefix}eventkit"
        """The stream of the documents."""
        self.documents = f"$KV.{prefix}eventkit."
        """What the subjects of documents begin with."""

    def shown(self, type: str) -> str:
        """Return the name of a type's stream as people are shown it: without prefix, and as its domain."""
        return self._streams.of(type)

    def stream(self, type: str) -> str:
        """Return the stream that keeps the events of a type."""
        return self._prefix + (self._streams.given_for(type) or f"{domain_of(type)}-stream")

    def is_stream(self, name: str) -> bool:
        """Tell whether a stream keeps events of this bus, as far as its name tells."""
        name, found = name.removeprefix(self._prefix), name.startswith(self._prefix)
        return found and (name in self._streams.given.values() or _OF_DOMAIN.fullmatch(name) is not None)

    def subjects_in(self, stream: str) -> list[str]:
        """Return what a stream takes."""
        name = stream.removeprefix(self._prefix)
        if name not in self._streams.given.values():
            return [f"{self._prefix}{name.removesuffix('-stream')}.>"]
        named = [what for what, each in self._streams.given.items() if each == name]
        domains = {f"{self._prefix}{what}.>" for what in named if "." not in what}
        return sorted(domains | {f"{self.subject(what)}.*" for what in named if self._streams.is_apart(what)})

    def subject(self, type: str) -> str:
        """Return the subject of a type; a partition's number follows it."""
        return f"{'_' if self._streams.is_apart(type) else ''}{self._prefix}{type}"

    def subjects_of(self, types: Collection[str], partition: int) -> dict[str, str]:
        """Return the subjects of a partition, each with its type."""
        subjects = {f"{self.subject(type)}.{partition}": type for type in types}
        return subjects if partition else subjects | {self.subject(type): type for type in self._unnumbered(types)}

    def subjects_everywhere(self, types: Collection[str]) -> list[str]:
        """Return the subjects of types in all partitions, as patterns."""
        return sorted([*map(self.subject, self._unnumbered(types)), *(f"{self.subject(type)}.*" for type in types)])

    def _unnumbered(self, types: Collection[str]) -> list[str]:
        """Return the types that others may publish without the number of a partition: streams take it."""
        return [type for type in types if not self._streams.is_apart(type)]

    def dead_subject(self, group: str, type: str) -> str:
        """Return the subject of a dead letter."""
        return f"{self._own}.dead.{group}.{type}"

    def replay_subject(self, group: str, partition: int, type: str) -> str:
        """Return the subject of what is replayed to a group."""
        return f"{self._own}.replay.{group}.{partition}.{type}"

    def bell_subject(self, group: str) -> str:
        """Return the subject on which the instances of a group tell each other that something has changed."""
        return f"{self._own}.bell.{group}"

    @property
    def all_dead(self) -> str:
        """The subjects of all dead letters."""
        return f"{self._own}.dead.>"

    @property
    def all_replayed(self) -> str:
        """The subjects of all that is replayed."""
        return f"{self._own}.replay.>"

    def stream_with(self, log: str) -> str:
        """Return the stream that a log is part of: that of a type, or what was replayed."""
        return self.replay if log == REPLAYED else self.stream(log)

    def progress(self, log: str) -> str:
        """Return under which name a group's progress in a log is kept: it counts in one stream only."""
        given = None if log == REPLAYED else self._streams.given_for(log)
        return log if given is None else f"{log}@{given}"
