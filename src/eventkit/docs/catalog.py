"""Contracts seen from their events: who publishes each, who handles it, in which versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eventkit.discovery.contract import Contract, Message


@dataclass(frozen=True, slots=True)
class Part:
    """A service's part in an event.

    Args:
        service: The service.
        message: What it publishes or how it reads it.
    """

    service: str
    message: Message


@dataclass(frozen=True, slots=True)
class EventVersion:
    """One version of an event.

    Args:
        number: The version.
        publishers: Who publishes it.
        subscribers: Who handles it.
    """

    number: int
    publishers: tuple[Part, ...]
    subscribers: tuple[Part, ...]

    @property
    def description(self) -> str:
        """What the event means: in the words of who publishes it, else of who handles it."""
        parts = (*self.publishers, *self.subscribers)
        return next((part.message.description for part in parts if part.message.description), "")


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An event with all its versions.

    Args:
        name: The type name.
        versions: The versions, the newest first.
    """

    name: str
    versions: tuple[EventVersion, ...]

    @property
    def description(self) -> str:
        """What the newest version means."""
        return next((version.description for version in self.versions if version.description), "")

    @property
    def publishers(self) -> tuple[str, ...]:
        """The services that publish any version, sorted."""
        return _services(part for version in self.versions for part in version.publishers)

    @property
    def subscribers(self) -> tuple[str, ...]:
        """The services that handle any version, sorted."""
        return _services(part for version in self.versions for part in version.subscribers)


@dataclass(frozen=True, slots=True)
class Link:
    """What one service tells another.

    Args:
        publisher: The service that publishes.
        subscriber: The service that handles.
        events: The type names of the events, sorted.
    """

    publisher: str
    subscriber: str
    events: tuple[str, ...]


def events_of(contracts: Iterable[Contract]) -> tuple[EventEntry, ...]:
    """Return all events of some contracts, sorted by name."""
    found: dict[str, dict[int, tuple[list[Part], list[Part]]]] = {}
    for contract in contracts:
        for role, messages in enumerate((contract.publishes, contract.handles)):
            for message in messages:
                versions = found.setdefault(message.event.name, {})
                versions.setdefault(message.event.version, ([], []))[role].append(Part(contract.service, message))
    return tuple(
        EventEntry(
            name,
            tuple(
                EventVersion(number, tuple(publishers), tuple(subscribers))
                for number, (publishers, subscribers) in sorted(versions.items(), reverse=True)
            ),
        )
        for name, versions in sorted(found.items())
    )


def links_of(events: Iterable[EventEntry]) -> tuple[Link, ...]:
    """Return who publishes to whom, sorted: a pair counts where both know the event, in whatever versions."""
    found: dict[tuple[str, str], list[str]] = {}
    for event in events:
        for publisher in event.publishers:
            for subscriber in event.subscribers:
                found.setdefault((publisher, subscriber), []).append(event.name)
    return tuple(Link(*pair, tuple(sorted(names))) for pair, names in sorted(found.items()))


def _services(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(sorted({part.service for part in parts}))
