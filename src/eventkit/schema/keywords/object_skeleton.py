"""What the constraints of objects say together of each key, before anything is known of a single object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eventkit.schema.cases import EMPTY, Empty, Found, Outcome, Unsure

if TYPE_CHECKING:
    from eventkit.schema.keywords.objects import ObjectConstraint
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver


class Skeleton:
    """What follows from the constraints alone; shared by all stores that add only single facts to them."""

    def __init__(self, constraints: tuple[ObjectConstraint, ...]) -> None:
        self.constraints = constraints
        self._dependents = tuple([each.dependents for each in constraints if each.dependents])
        self.required = self.closure([name for each in constraints for name in each.required])
        self.name_schemas = tuple([each.names for each in constraints if each.names is not None])
        self._cells: dict[str, tuple[Node, ...]] = {}
        self._base: dict[str, Found] | Empty | Unsure | None = None
        self._mentioned: dict[str, None] | None = None
        self.base_weight = 0

    @property
    def patterns(self) -> tuple[str, ...]:
        """All patterns of names that the constraints mention."""
        return tuple(dict.fromkeys(pattern for each in self.constraints for pattern, _ in each.patterns))

    @property
    def has_dependents(self) -> bool:
        """Whether some keys must be there where others are."""
        return bool(self._dependents)

    def closure(self, names: Iterable[str]) -> dict[str, None]:
        """Return the names and all those that must be there where these are."""
        closed = dict.fromkeys(names)
        if not self._dependents:
            return closed
        todo = list(closed)
        while todo:
            name = todo.pop()
            for needed in (other for each in self._dependents for other in each.get(name, ())):
                if needed not in closed:
                    closed[needed] = None
                    todo.append(needed)
        return closed

    @property
    def mentioned(self) -> dict[str, None]:
        """All names that the constraints mention, in their order."""
        if self._mentioned is None:
            self._mentioned = {}
            for each in self.constraints:
                self._mentioned.update(dict.fromkeys(each.properties))
                self._mentioned.update(dict.fromkeys(each.required))
                for name, needed in each.dependents.items():
                    self._mentioned.update(dict.fromkeys((name, *needed)))
        return self._mentioned

    def cell(self, name: str) -> tuple[Node, ...]:
        """Return the schemas that the value of a key must satisfy."""
        cell = self._cells.get(name)
        if cell is None and self.constraints:
            schemas: list[Node] = []
            for each in self.constraints:
                schemas += each.schemas_of(name)
            cell = self._cells[name] = tuple(schemas)
        return cell or ()

    def base(self, solver: Solver) -> dict[str, Found] | Empty | Unsure:
        """Find a value for each key that the constraints require."""
        if self._base is None:
            self._base = self._find_base(solver)
        return self._base

    def _find_base(self, solver: Solver) -> dict[str, Found] | Empty | Unsure:
        found: dict[str, Found] = {}
        unsure: Unsure | None = None
        for name in self.required:
            outcome = self.value_of(name, (), solver)
            if isinstance(outcome, Empty):
                return EMPTY
            if isinstance(outcome, Unsure):
                unsure = outcome
            else:
                found[name] = outcome
        self.base_weight = sum([item.size for item in found.values()])
        return unsure or found

    def value_of(self, name: str, fails: tuple[Node, ...], solver: Solver) -> Outcome:
        """Find a value for a key that these schemas reject."""
        if self.name_schemas and not all(solver.accepts(schema, name) for schema in self.name_schemas):
            return EMPTY
        return solver.solve(self.cell(name), fails)


NO_CONSTRAINTS = Skeleton(())
"""Where every search begins; it remembers no names, since all searches share it."""
