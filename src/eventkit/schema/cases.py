"""The words in which keywords speak to the solver: facts, cases and constraints.

A *fact* says something of a value that one theory (numbers, strings, arrays, objects) can reason about. A *case* is a
conjunction: some facts, some schemas that hold, some that fail. A *constraint* is what one keyword, or a few that
belong together, demand; it can say in which cases it is satisfied, and in which it is violated (its *defects*).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.keywords.logic import Union
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver


class Fact(Protocol):
    """One statement about a value of one type."""

    def holds(self, value: Json, accepts: Accepts) -> bool:
        """Tell whether it is true of a value of that type."""
        ...

    def apply(self, store: Store) -> Store | None:
        """Return the store with this fact added, or None where the two contradict each other at sight."""
        ...


class Accepts(Protocol):
    """Tells whether a schema accepts a value (see `eventkit.schema.validator`)."""

    def __call__(self, node: Node, value: Json, /) -> bool: ...


class Case:
    """A conjunction: `facts` are true, the schemas of `holds` accept the value, those of `fails` reject it.

    `keyword` is the keyword that the case satisfies or violates, relative to its schema. `union` is the union all of
    whose branches fail, where that is what the case says. What is `minor` is left out at first, because it takes long
    to look into and seldom matters.
    """

    __slots__ = ("facts", "fails", "holds", "keyword", "minor", "union")

    def __init__(
        self,
        keyword: str,
        *,
        facts: tuple[Fact, ...] = (),
        holds: tuple[Node, ...] = (),
        fails: tuple[Node, ...] = (),
        union: Union | None = None,
        minor: bool = False,
    ) -> None:
        self.keyword = keyword
        self.union = union
        self.minor = minor
        self.facts = facts
        self.holds = holds
        self.fails = fails


class Constraint(Protocol):
    """What keywords of one family demand of values of some types; values of other types satisfy it."""

    @property
    def types(self) -> int:
        """The types that it speaks of."""
        ...

    def cases(self, kind: int) -> Iterable[Case]:
        """Return the cases that together are all ways to satisfy it, for values of one atomic type."""
        ...

    def defects(self, kind: int) -> Iterable[Case]:
        """Return the cases that together are all ways to violate it, for values of one atomic type."""
        ...

    def beside(self) -> tuple[Node, ...]:
        """Return the schemas that it applies to the value itself, not to a part of it."""
        ...

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        """Tell whether a value, of a type that it speaks of, satisfies it."""
        ...


class Store(Protocol):
    """All facts that were gathered about a value of one type, and the way to find such a value."""

    def without(self, keys: frozenset[Any]) -> Store:
        """Return the store with the values of these keys (`values.key_of`) excluded."""
        ...

    def solve(self, solver: Solver) -> Outcome:
        """Find a value of which all facts are true, or show that there is none."""
        ...


class Empty:
    """No value satisfies the goal."""

    __slots__ = ()


EMPTY = Empty()


class Found:
    """Some value satisfies the goal; it is built when it is asked for, because most are not.

    Attributes:
        size: about how many values it is made of.
    """

    __slots__ = ("_build", "_value", "size")

    def __init__(self, build: Build, size: int = 1) -> None:
        self.size = size
        self._build: Build | None = build
        self._value: Json = None

    @property
    def value(self) -> Json:
        """The value that was found."""
        if self._build is not None:
            self._value = self._build()
            self._build = None
        return self._value


class Build(Protocol):
    """Makes the value of a `Found`."""

    def __call__(self) -> Json: ...


class Unsure:
    """Neither was a value found nor shown that there is none; `reason` says why."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Outcome = Empty | Found | Unsure


def found(value: Json) -> Found:
    """Return the outcome for a value that is at hand."""
    return Found(lambda: value)
