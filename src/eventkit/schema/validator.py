"""Does a schema accept a value? The engine's own check of every counterexample."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eventkit.schema.budget import MAX_DEPTH, Budget, OutOfBudget, Undecided
from eventkit.schema.values import Json, key_of, type_of

if TYPE_CHECKING:
    from eventkit.schema.cases import Accepts
    from eventkit.schema.nodes import Node


def accepted_by_all(pairs: Iterable[tuple[Node, Json]], accepts: Accepts) -> bool:
    """Tell whether each schema accepts its value; one that surely rejects it decides, whatever else is undecided.

    Raises:
        Undecided: none surely rejects its value, but that one accepts it is undecided.
    """
    unsure: Undecided | None = None
    for node, value in pairs:
        try:
            if not accepts(node, value):
                return False
        except OutOfBudget:
            raise
        except Undecided as undecided:
            unsure = undecided
    if unsure is not None:
        raise unsure
    return True


class Validator:
    """Validates values; called with a node and a value, it tells whether the node's schema accepts the value.

    Raises:
        Undecided: the answer depends on something that is not decided here, a pattern with look-behind for example.
    """

    __slots__ = ("_budget", "_depth")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._depth = 0

    def __call__(self, node: Node, value: Json, /) -> bool:
        kind = type_of(value)
        if not node.mask & kind:
            return False
        if node.plain:
            return True
        self._budget.spend()
        if node.keys is not None and key_of(value) not in node.keys:
            return False
        if self._depth > 2 * MAX_DEPTH:
            raise Undecided("the value or the schema is nested too deeply")
        self._depth += 1
        try:
            return self._satisfies(node, value, kind)
        finally:
            self._depth -= 1

    def _satisfies(self, node: Node, value: Json, kind: int) -> bool:
        unsure: Undecided | None = None
        for constraint in node.constraints:
            if constraint.types & kind:
                try:
                    if not constraint.accepts(value, self):
                        return False
                except OutOfBudget:
                    raise
                except Undecided as undecided:
                    unsure = undecided
        if unsure is not None:
            raise unsure
        return True
