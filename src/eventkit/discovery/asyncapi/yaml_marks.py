"""Where everything stands in a YAML text that is known to be good, which spares every check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from eventkit.discovery.asyncapi.text import Mark, escape


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been reached."""

    pointer: str
    is_mapping: bool
    count: int = 0
    key: str | None = None
    """The key whose value comes next."""
    key_start: Mark = (0, 0, 0)


def find_marks(events: Iterable[Any]) -> dict[str, Mark]:
    """Return where each member and each item stands, by JSON pointer.

    Args:
        events: What the parser of PyYAML finds in the text.
    """
    marks: dict[str, Mark] = {"": (1, 1, 0)}
    stack: list[_Open] = []
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            _widen(marks, stack.pop().pointer, event)
            continue
        parent = stack[-1] if stack else None
        if not isinstance(event, yaml.NodeEvent):
            continue
        if parent is not None and parent.is_mapping and parent.key is None:
            key: Any = event  # a scalar
            parent.key, parent.key_start = key.value, mark_of(key)
            continue
        pointer = _mark(marks, parent, event) if parent is not None else ""
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open(pointer, isinstance(event, yaml.MappingStartEvent)))
    return marks


def mark_of(event: Any) -> Mark:
    """Return where an event of the parser stands."""
    start, end = event.start_mark, event.end_mark
    return start.line + 1, start.column + 1, end.column - start.column if end.line == start.line else 0


def _mark(marks: dict[str, Mark], parent: _Open, event: Any) -> str:
    """Note where a value stands, and return its pointer."""
    mark = mark_of(event)
    if parent.key is None:
        pointer = f"{parent.pointer}/{parent.count}"
        parent.count += 1
    else:
        pointer = f"{parent.pointer}/{escape(parent.key)}"
        mark = _from_key_to(mark, parent.key_start)
        parent.key = None
    marks[pointer] = mark
    return pointer


def _widen(marks: dict[str, Mark], pointer: str, end: Any) -> None:
    # A block collection ends on a later line; one in braces is shown whole where it fits a line.
    line, column, _ = marks[pointer]
    if pointer and end.end_mark.line + 1 == line:
        marks[pointer] = (line, column, end.end_mark.column + 1 - column)


def _from_key_to(value: Mark, key: Mark) -> Mark:
    """Return the mark of a key with its value, or of the key alone where the value is not on its line."""
    line, column, width = value
    return (line, key[1], column + width - key[1]) if line == key[0] and width else key
