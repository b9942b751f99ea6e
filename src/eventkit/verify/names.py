"""Names of events that are patterns: which of them can be the name of the same event.

AsyncAPI documents of others name events by the address of a channel, which may leave something open:

| in a name                    | stands for                                                        |
|------------------------------|-------------------------------------------------------------------|
| `order.{region}.created`     | any text without a separator (`.` or `/`), which is not empty     |
| `order.{eu|us}.created`      | one of these texts                                                |
| `order.*`, `order/+/created` | where it is handled: any one segment (NATS, AMQP; MQTT)           |
| `order.>`                    | where it is handled: one or more segments (NATS)                  |
| `order.#`, `order/#`         | where it is handled: any number of segments, none too (AMQP, MQTT)|

A publisher cannot publish to a wildcard, so there the signs of the last three are taken as they stand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Final

from eventkit.schema import compare

_PART: Final = re.compile(r"\{([^{}]*)\}")
_SEGMENTS: Final = re.compile(r"([./])(?![^{}]*\})")
_SPECIAL: Final = re.compile(r"[\\^$.*+?()\[\]{}|/]")
_ANY: Final = "[^./]+"
_ONE_SEGMENT: Final = frozenset({"*", "+"})
_SOME_SEGMENTS: Final = ">"
_ANY_SEGMENTS: Final = "#"
_REST: Final = frozenset({_SOME_SEGMENTS, _ANY_SEGMENTS})
_WILDCARDS: Final = _ONE_SEGMENT | _REST
_PARAMETER: Final = re.compile(r"\{[^{}|]*\}")
_ANY_SEGMENT: Final = re.compile(rf"{_PARAMETER.pattern}|[*+]")


def is_wildcard(name: str) -> bool:
    """Tell whether a handled name holds a wildcard of a broker."""
    return not _WILDCARDS.isdisjoint(_segments(name))


def is_open(name: str) -> bool:
    """Tell whether a name leaves something open by a parameter."""
    return "{" in name


@cache
def is_pattern(name: str) -> bool:
    """Tell whether a handled name may stand for several names."""
    return is_open(name) or is_wildcard(name)


def domain(name: str) -> str:
    """Return the first segment of a name: `order` of `order.{region}.created`."""
    return _segments(name)[0]


def can_be_same(published: str, handled: str) -> bool:
    """Tell whether an event of the one name can have the other one, too.

    Args:
        published: The name under which it is published, or under which another service publishes it.
        handled: The name under which it is handled.
    """
    if published == handled:
        return True
    if not is_open(published):
        return is_pattern(handled) and _matcher(handled, wildcards=True).fullmatch(published) is not None
    if not is_pattern(handled):
        return _matcher(published, wildcards=False).fullmatch(handled) is not None
    by_segments = _same_segments(_segments(published), _segments(handled))
    return _overlap(published, handled) if by_segments is None else by_segments


def _same_segments(published: tuple[str, ...], handled: tuple[str, ...]) -> bool | None:
    """Tell the same of two patterns, segment by segment; None where they do not tell, which is seldom."""
    open_parts = False
    for one, other in zip(published, handled, strict=False):
        if other in _REST:
            return None
        if one == other or (one and _ANY_SEGMENT.fullmatch(other)) or (other and _PARAMETER.fullmatch(one)):
            continue
        if not is_open(one) and not is_open(other):
            return False
        open_parts = True
    if len(published) != len(handled):
        return False if _REST.isdisjoint(handled) else None
    return None if open_parts else True


@cache
def _overlap(published: str, handled: str) -> bool:
    # Two patterns have a name in common unless every name of the one is none of the other: a question about texts,
    # which the comparison of schemas answers. What it cannot decide may be.
    one, other = (
        {"type": "string", "pattern": f"^(?:{_expression(name, wildcards=is_handled)})$"}
        for name, is_handled in ((published, False), (handled, True))
    )
    return compare(one, {"not": other}).verdict != "compatible"


@cache
def _segments(name: str) -> tuple[str, ...]:
    """Return the segments of a name, with the separators between them."""
    return tuple(_SEGMENTS.split(name))


@cache
def _matcher(name: str, *, wildcards: bool) -> re.Pattern[str]:
    return re.compile(_expression(name, wildcards=wildcards))


def _expression(name: str, *, wildcards: bool) -> str:
    """Return a regular expression for the names that a name stands for."""
    segments = _segments(name)
    written = [_segment(segment, wildcards=wildcards) for segment in segments]
    if wildcards:
        for index, segment in enumerate(segments):
            # `#` may be no segment at all: then the separator before it is not there, or else the one after it.
            if segment == _ANY_SEGMENTS and index > 0:
                written[index - 1 : index + 1] = ["", f"(?:{written[index - 1]}.+)?"]
            elif segment == _ANY_SEGMENTS and len(segments) > 1:
                written[0:2] = ["", f"(?:.+{written[1]})?"]
    return "".join(written)


def _segment(segment: str, *, wildcards: bool) -> str:
    if wildcards and segment in _ONE_SEGMENT:
        return _ANY
    if wildcards and segment in (_SOME_SEGMENTS, _ANY_SEGMENTS):
        return ".+"
    parts = _PART.split(segment)
    return "".join(_choice(part) if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _choice(parameter: str) -> str:
    return f"(?:{'|'.join(_escaped(value) for value in parameter.split('|'))})" if "|" in parameter else _ANY


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda sign: f"\\{sign[0]}", text)


class Names:
    """Names, by the segments that they leave fixed: of a thousand patterns, few can be the same as another one.

    Args:
        names: The names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._fixed: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self._open: defaultdict[int, list[str]] = defaultdict(list)
        self._long: list[str] = []
        """Those of which no position is known, as they stand for names of any length."""
        for name in self._names:
            segments = _segments(name)
            if not _REST.isdisjoint(segments):
                self._long.append(name)
                continue
            for position, segment in enumerate(segments):
                if is_pattern(segment):
                    self._open[position].append(name)
                else:
                    self._fixed[position, segment].append(name)

    def near(self, name: str) -> list[str]:
        """Return the names that may be the same as another one: the few of which `can_be_same` has to be asked."""
        if not self._names:
            return []
        segments = _segments(name)
        if not _REST.isdisjoint(segments):
            return list(self._names)
        fixed = [
            (self._fixed.get((position, segment), []), self._open.get(position, []))
            for position, segment in enumerate(segments)
            if not is_pattern(segment)
        ]
        if not fixed:
            return list(self._names)
        same, open_there = min(fixed, key=lambda found: len(found[0]) + len(found[1]))
        return [*same, *open_there, *self._long]
