"""Who publishes and who handles which events of a landscape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eventkit.discovery.contract import Message
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Spot


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
    """

    published: Mapping[str, tuple[Side, ...]]
    handled: Mapping[str, tuple[Side, ...]]

    @classmethod
    def of(cls, landscape: Landscape) -> Traffic:
        """Return the traffic of a landscape."""
        contracts = landscape.contracts
        return cls(
            _by_name(Side(contract.service, message) for contract in contracts for message in contract.publishes),
            _by_name(Side(contract.service, message) for contract in contracts for message in contract.handles),
        )


def _by_name(sides: Iterable[Side]) -> Mapping[str, tuple[Side, ...]]:
    found: defaultdict[str, list[Side]] = defaultdict(list)
    for side in sorted(sides, key=lambda side: (side.message.event, side.service)):
        found[side.message.event.name].append(side)
    return {name: tuple(several) for name, several in sorted(found.items())}
