"""Who publishes and who handles which events of a landscape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Message
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Spot
from eventkit.verify.names import Names, can_be_same, is_open, is_pattern


class Time(StrEnum):
    """When a service says what it says: its value is what labels add to it."""

    NOW = ""
    DEPLOYED = ", as deployed"
    RETAINED = ", as retained"


@dataclass(frozen=True, slots=True)
class Side:
    """A message, and the service whose it is.

    Args:
        service: The service.
        message: What it publishes or handles.
        time: Whether this is what the sources say, or what was found elsewhere.
    """

    service: str
    message: Message
    time: Time = Time.NOW

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
        return (Spot(place, f"{label}{self.time}"),) if place else ()


class Traffic:
    """The messages of all contracts by the type names of their events.

    Args:
        published: Who publishes the events of a name, sorted by version and service.
        handled: Who handles them, sorted likewise.
    """

    def __init__(self, published: Mapping[str, tuple[Side, ...]], handled: Mapping[str, tuple[Side, ...]]) -> None:
        self.published = published
        self.handled = handled
        self._published = _Index(published, is_open)
        self._handled = _Index(handled, is_pattern)
        self._handled_as: dict[str, list[Side]] = {}
        self._published_as: dict[str, list[Side]] = {}

    @classmethod
    def of(cls, landscape: Landscape, time: Time = Time.NOW) -> Traffic:
        """Return the traffic of a landscape.

        Args:
            landscape: The contracts.
            time: Whether they are what the sources say, or what is deployed.
        """
        contracts = landscape.contracts
        sent = [Side(contract.service, message, time) for contract in contracts for message in contract.publishes]
        sent += (
            Side(contract.service, message, Time.RETAINED)
            for contract in landscape.retained
            for message in contract.publishes
        )
        return cls(
            _by_name(sent),
            _by_name(Side(contract.service, message, time) for contract in contracts for message in contract.handles),
        )

    def publisher(self, service: str, event: EventType) -> Side | None:
        """Return what a service publishes as an event; None where it does not."""
        sides = self.published.get(event.name, ())
        return next((side for side in sides if side.service == service and side.message.event == event), None)

    def readers(self, published: str) -> Mapping[tuple[str, str], Sequence[Side]]:
        """Return the versions that are read of the events of a name, by the service and the name that it handles."""
        found: dict[tuple[str, str], list[Side]] = {}
        for side in self.handled_as(published):
            found.setdefault((side.service, side.message.event.name), []).append(side)
        return found

    def handled_as(self, published: str) -> Sequence[Side]:
        """Return who handles events that are published under a name, in the order of the names that are handled."""
        if published not in self._handled_as:
            near = self._handled.near(published, is_several=is_open(published))
            self._handled_as[published] = [
                side for name in near if can_be_same(published, name) for side in self.handled.get(name, ())
            ]
        return self._handled_as[published]

    def published_as(self, handled: str) -> Sequence[Side]:
        """Return who publishes events that are handled under a name, in the order of the names that are published."""
        if handled not in self._published_as:
            near = self._published.near(handled, is_several=is_pattern(handled))
            self._published_as[handled] = [
                side for name in near if can_be_same(name, handled) for side in self.published.get(name, ())
            ]
        return self._published_as[handled]

    def overlapping(self, published: str) -> list[Side]:
        """Return who publishes under another name, later in the alphabet, events that can have this one, too."""
        near = self._published.near(published, is_several=is_open(published))
        later = (name for name in near if name > published and can_be_same(published, name))
        return [side for name in later for side in self.published[name]]


class _Index:
    """The names of one role."""

    def __init__(self, names: Iterable[str], is_several: Callable[[str], bool]) -> None:
        self._all = Names(names)
        self._patterns = Names(filter(is_several, names))

    def near(self, name: str, *, is_several: bool) -> list[str]:
        """Return the names that may be the same as one of the other role, sorted."""
        return sorted(self._all.near(name) if is_several else {name, *self._patterns.near(name)})


def _order(side: Side) -> tuple[int, str]:
    return side.message.event.version, side.service


def _by_name(sides: Iterable[Side]) -> Mapping[str, tuple[Side, ...]]:
    found: defaultdict[str, list[Side]] = defaultdict(list)
    for side in sides:
        found[side.message.event.name].append(side)
    return {name: tuple(sorted(found[name], key=_order)) for name in sorted(found)}
