"""Constraints whose keywords each state one fact: the bounds, steps, lengths and patterns of scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from eventkit.schema.cases import Accepts, Case, Fact
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node


class Negatable(Fact, Protocol):
    """A fact whose contrary is a fact, too."""

    def negated(self) -> Fact:
        """Return the contrary."""
        ...


class Facts:
    """Keywords of one schema, each with the fact that it states: all of them must be true."""

    __slots__ = ("_cases", "_facts", "types")

    def __init__(self, types: int, facts: list[tuple[str, Negatable]]) -> None:
        self.types = types
        self._facts = facts
        self._cases = (Case("", facts=tuple(fact for _, fact in facts)),)

    def cases(self, kind: int) -> tuple[Case, ...]:
        return self._cases

    def defects(self, kind: int) -> list[Case]:
        return [Case(keyword, facts=(fact.negated(),)) for keyword, fact in self._facts]

    def beside(self) -> tuple[Node, ...]:
        return ()

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        return all(fact.holds(value, accepts) for _, fact in self._facts)
