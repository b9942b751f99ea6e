"""What a comparison returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from eventkit.schema.values import Json

Verdict = Literal["compatible", "incompatible", "unknown"]


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing.MISSING
"""Stands for "there is no counterexample"; None cannot, because `null` is a counterexample."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which the subscriber rejects what the publisher can send.

    Attributes:
        code: the kind of problem, a key of `eventkit.schema.CODES` such as "EK102".
        path: where in the event, as a JSON pointer with `*` for any item or key: "/items/*/price"; "" is the event.
        message: one sentence for the developer of either side.
        publisher_pointer: the place in the publisher's schema that allows the value, as "#/properties/price".
        subscriber_pointer: the place in the subscriber's schema that rejects it.
    """

    code: str
    path: str
    message: str
    publisher_pointer: str
    subscriber_pointer: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer to "is every event that the publisher can send accepted by the subscriber?".

    Attributes:
        verdict: "compatible", "incompatible" or "unknown".
        counterexample: an event that the publisher can send and the subscriber rejects; `MISSING` unless the
            verdict is "incompatible".
        problems: all that was found to be wrong, in the order of the subscriber's schema; empty unless the
            verdict is "incompatible".
        reason: why the verdict is "unknown"; None otherwise.
    """

    verdict: Verdict
    counterexample: Json = MISSING
    problems: tuple[Problem, ...] = ()
    reason: str | None = None
