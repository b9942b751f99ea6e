"""Who publishes and who handles which events of a landscape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eventkit.discovery.contract import Message
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Spot
from eventkit.verify.names import can_be_same, is_open, is_pattern


@dataclass(frozen=True, slots=True)
class Side:
    """A message, and the service whose it is."""

    service: str
    message: Message

    def spots(self, label: str, path: str = "") -> tuple[Spot, ...]:
        """Return the place of a field of the event, or of the innermost thing around it that has one; () for none.

        Args:
            label: What is to be seen there.
            path: The field, as `/items/*/price`; "" for the event.
        """
        places = self.message.places
        while path and path not in places:
            path = path.rpartition("/")[0]
        place = places.get(path, self.message.function_place)
        return (Spot(place, label),) if place else ()


@dataclass(frozen=True, slots=True)
class Traffic:
    """The messages of all contracts by the type names of their events.

    Args:
        published: Who publishes the events of a name, sorted by version and service.
        handled: Who handles them, sorted likewise.
        published_patterns: The published names that stand for several, see `eventkit.verify.names`.
        handled_patterns: The handled ones.
    """

    published: Mapping[str, tuple[Side, ...]]
    handled: Mapping[str, tuple[Side, ...]]
    published_patterns: tuple[str, ...]
    handled_patterns: tuple[str, ...]

    @classmethod
    def of(cls, landscape: Landscape) -> Traffic:
        """Return the traffic of a landscape."""
        contracts = landscape.contracts
        published = _by_name(
            Side(contract.service, message) for contract in contracts for message in contract.publishes
        )
        handled = _by_name(Side(contract.service, message) for contract in contracts for message in contract.handles)
        return cls(published, handled, tuple(filter(is_open, published)), tuple(filter(is_pattern, handled)))

    def handled_as(self, published: str) -> list[Side]:
        """Return who handles events that are published under a name, in the order of the names that are handled."""
        names = self.handled if is_open(published) else {published, *self.handled_patterns}
        return [side for name in sorted(names) if can_be_same(published, name) for side in self.handled.get(name, ())]

    def published_as(self, handled: str) -> list[Side]:
        """Return who publishes events that are handled under a name, in the order of the names that are published."""
        names = self.published if is_pattern(handled) else {handled, *self.published_patterns}
        return [side for name in sorted(names) if can_be_same(name, handled) for side in self.published.get(name, ())]

    def overlapping(self, published: str) -> list[Side]:
        """Return who publishes under another name, later in the alphabet, events that can have this one, too."""
        names = self.published if is_open(published) else self.published_patterns
        return [
            side for name in names if name > published and can_be_same(published, name) for side in self.published[name]
        ]


def _by_name(sides: Iterable[Side]) -> Mapping[str, tuple[Side, ...]]:
    found: defaultdict[str, list[Side]] = defaultdict(list)
    for side in sorted(sides, key=lambda side: (side.message.event, side.service)):
        found[side.message.event.name].append(side)
    return {name: tuple(several) for name, several in sorted(found.items())}
