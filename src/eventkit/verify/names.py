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
_WILDCARDS: Final = _ONE_SEGMENT | {_SOME_SEGMENTS, _ANY_SEGMENTS}


def is_wildcard(name: str) -> bool:
    """Tell whether a handled name holds a wildcard of a broker."""
    return not _WILDCARDS.isdisjoint(_SEGMENTS.split(name))


def is_open(name: str) -> bool:
    """Tell whether a name leaves something open by a parameter."""
    return "{" in name


def is_pattern(name: str) -> bool:
    """Tell whether a handled name may stand for several names."""
    return is_open(name) or is_wildcard(name)


def domain(name: str) -> str:
    """Return the first segment of a name: `order` of `order.{region}.created`."""
    return _SEGMENTS.split(name, maxsplit=1)[0]


@cache
def can_be_same(published: str, handled: str) -> bool:
    """Tell whether an event of the one name can have the other one, too.

    Args:
        published: The name under which it is published, or under which another service publishes it.
        handled: The name under which it is handled.
    """
    if not is_open(published):
        return published == handled or re.fullmatch(_expression(handled, wildcards=True), published) is not None
    if not is_pattern(handled):
        return re.fullmatch(_expression(published, wildcards=False), handled) is not None
    # Two patterns have a name in common unless every name of the one is none of the other: a question about texts,
    # which the comparison of schemas answers. What it cannot decide may be.
    one, other = (
        {"type": "string", "pattern": f"^(?:{_expression(name, wildcards=is_handled)})$"}
        for name, is_handled in ((published, False), (handled, True))
    )
    return compare(one, {"not": other}).verdict != "compatible"


def _expression(name: str, *, wildcards: bool) -> str:
    """Return a regular expression for the names that a name stands for."""
    segments = _SEGMENTS.split(name)
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
