"""The store of each type of value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventkit.schema.cases import EMPTY, Outcome, Store, found
from eventkit.schema.keywords.array_store import ArrayStore
from eventkit.schema.keywords.numbers import NumberStore
from eventkit.schema.keywords.object_store import ObjectStore
from eventkit.schema.keywords.strings import StringStore
from eventkit.schema.samples import NO_HINTS, Hints
from eventkit.schema.values import ARRAY, BOOLEAN, FRACTION, INTEGER, NULL, STRING, Json

if TYPE_CHECKING:
    from eventkit.schema.solver import Solver


def empty_store(kind: int, hints: Hints = NO_HINTS) -> Store:
    """Return the store of a type, without any facts, that finds suggested values first."""
    if kind in (INTEGER, FRACTION):
        return NumberStore(kind, hints)
    if kind == STRING:
        return StringStore(hints)
    if kind == ARRAY:
        return ArrayStore()
    if kind == NULL:
        return Listed((None,))
    if kind == BOOLEAN:
        return Listed((True, False))
    return ObjectStore()


class Listed:
    """A store for values that are all at hand: what `enum` lists, and null, true and false."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Json]) -> None:
        self.values = values

    def without(self, keys: frozenset[object]) -> Listed:
        raise AssertionError("listed values are filtered")

    def solve(self, solver: Solver) -> Outcome:
        return found(self.values[0]) if self.values else EMPTY
