"""What the configuration says about changes over time: `[tool.eventkit.evolution]` and `[tool.eventkit.retained]`.

    [tool.eventkit.evolution]
    order = "subscribers-first"         # how a change is deployed: "any" order, or subscribers before publishers
    mode = "forward"                    # what a change of an event without a new version has to keep up
    history = ["git:v1.0", "git:v1.1"]  # older landscapes, for transitive modes

    [tool.eventkit.evolution.events]    # other modes, by type name; the first pattern that matches counts
    "invoice.*" = "full-transitive"

    [tool.eventkit.retained]            # versions that nobody publishes, and that still lie in streams and stores
    "order.created" = [1]

Paths are relative to the file that names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import EventType

_Choice = TypeVar("_Choice", bound=StrEnum)


class Order(StrEnum):
    """In which order the services of one change are deployed."""

    ANY = "any"
    SUBSCRIBERS_FIRST = "subscribers-first"


class Mode(StrEnum):
    """What has to hold between the old and the new schema of an event that keeps its version.

    Backward: who reads with the new schema can read the old events. Forward: who reads with the old schema can read
    the new ones. Full: both. Transitive: with all schemas of the history, not only with that of the baseline.
    """

    NONE = "none"
    BACKWARD = "backward"
    FORWARD = "forward"
    FULL = "full"
    BACKWARD_TRANSITIVE = "backward-transitive"
    FORWARD_TRANSITIVE = "forward-transitive"
    FULL_TRANSITIVE = "full-transitive"

    @property
    def backward(self) -> bool:
        """New readers have to read old events."""
        return self.startswith(("backward", "full"))

    @property
    def forward(self) -> bool:
        """Old readers have to read new events."""
        return self.startswith(("forward", "full"))

    @property
    def transitive(self) -> bool:
        """The history counts, too."""
        return self.endswith("-transitive")


@dataclass(frozen=True, slots=True)
class Evolution:
    """How events may change.

    Args:
        mode: The mode of events that no pattern matches.
        order: In which order the services of one change are deployed.
        history: Sources of older landscapes, for transitive modes.
        events: Modes by patterns of type names, as `order.*`; the first that matches counts.
    """

    mode: Mode = Mode.NONE
    order: Order = Order.ANY
    history: tuple[Path, ...] = ()
    events: Mapping[str, Mode] = field(default_factory=dict)

    def mode_of(self, name: str) -> Mode:
        """Return the mode of the events of a type name."""
        return next((mode for pattern, mode in self.events.items() if fnmatchcase(name, pattern)), self.mode)


@dataclass(frozen=True, slots=True)
class Retained:
    """A version of an event that is to be read although nobody publishes it any more.

    Args:
        event: The event.
        file: Its schema, as `eventkit export` wrote it while it was published.
    """

    event: EventType
    file: Path

    @classmethod
    def of(cls, event: EventType, schemas: Path) -> Retained:
        """Return a version whose schema stands in the folder that `eventkit export` writes to."""
        return cls(event, schemas / "events" / f"{event.name}.v{event.version}.json")


def source_path(key: str, value: Any, file: Path) -> Path:
    """Read a source: a path relative to the file that names it, or a git revision.

    Raises:
        ConfigurationError: It is no text.
    """
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"{key} is {value!r}", where=str(file), mend=f'name a folder, a document or a revision: {key} = "git:main"'
        )
    return Path(value) if value.startswith("git:") else file.parent / value


def read_evolution(key: str, value: Any, file: Path) -> Evolution:
    """Read the table `evolution`.

    Raises:
        ConfigurationError: A key is not known, a value is wrong, or a mode is transitive and there is no history.
    """
    table = _table(key, value, file)
    unknown = next((name for name in table if name not in ("mode", "order", "history", "events")), None)
    if unknown is not None:
        raise ConfigurationError(
            f"the key {unknown!r} of {key} is not known",
            where=str(file),
            mend="the known ones are mode, order, history, events",
        )
    history = table.get("history", [])
    if not isinstance(history, list):
        raise ConfigurationError(
            f"{key}.history is {history!r}", where=str(file), mend='give a list of sources: history = ["git:v1.0"]'
        )
    modes = _table(f"{key}.events", table.get("events", {}), file)
    evolution = Evolution(
        mode=_choice(Mode, f"{key}.mode", table.get("mode", Mode.NONE), file),
        order=_choice(Order, f"{key}.order", table.get("order", Order.ANY), file),
        history=tuple(source_path(f"{key}.history", source, file) for source in history),
        events={pattern: _choice(Mode, f"{key}.events.{pattern}", mode, file) for pattern, mode in modes.items()},
    )
    transitive = [mode for mode in (evolution.mode, *evolution.events.values()) if mode.transitive]
    if transitive and not history:
        raise ConfigurationError(
            f"the mode {str(transitive[0])!r} compares with a history, and none is configured",
            where=str(file),
            mend='name older landscapes, history = ["git:v1.0"], or use the mode '
            f"{transitive[0].removesuffix('-transitive')!r}",
        )
    return evolution


def read_retained(key: str, value: Any, file: Path) -> tuple[EventType, ...]:
    """Read the table `retained`: the versions that it lists.

    Raises:
        ConfigurationError: A value is no list of versions.
    """
    found: list[EventType] = []
    for name, versions in _table(key, value, file).items():
        if not isinstance(versions, list) or not all(type(version) is int and version > 0 for version in versions):
            raise ConfigurationError(
                f"{key}.{name!r} is {versions!r}", where=str(file), mend=f'give a list of versions: "{name}" = [1]'
            )
        found += (EventType(name, version) for version in sorted(set(versions)))
    return tuple(found)


def _table(key: str, value: Any, file: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{key} is {value!r}", where=str(file), mend=f"make it a table: [tool.eventkit.{key}]")
    return value


def _choice(kind: type[_Choice], key: str, value: Any, file: Path) -> _Choice:
    if value in list(kind):
        return kind(value)
    similar = get_close_matches(str(value), list(kind), n=1)
    guess = f"; did you mean {str(similar[0])!r}?" if similar else ""
    raise ConfigurationError(
        f"{key} is {value!r}", where=str(file), mend=f"use one of: {', '.join(map(str, kind))}{guess}"
    )
