"""Finding an object: which keys it has, and a value for each of them.

The keys fall into cells: each name that a schema mentions is one, and the names that nobody mentions fall into
sectors by the patterns that they match. The value of a key must satisfy all schemas of its cell, which is a goal of
its own; the cells do not influence each other but through the number of keys and through dependent keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any

from eventkit.schema.budget import OutOfBudget, Undecided
from eventkit.schema.cases import EMPTY, Case, Empty, Found, Outcome, Unsure
from eventkit.schema.keywords.object_facts import Absent, KeyFails, Region, SomeKeyViolates, Violates
from eventkit.schema.keywords.object_keys import plain_names, sectors
from eventkit.schema.keywords.object_skeleton import NO_CONSTRAINTS, Skeleton
from eventkit.schema.keywords.strings import Matches
from eventkit.schema.keywords.types import NotOneOf
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.keywords.objects import ObjectConstraint
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver

Demand = SomeKeyViolates | KeyFails

_MOST_ADDED_KEYS = 1_000
_ALL = Region(frozenset(), ())


class ObjectStore:
    """The facts about one object."""

    __slots__ = ("_absent", "_demands", "_least", "_most", "_present", "_violations", "skeleton")

    def __init__(self) -> None:
        self.skeleton = NO_CONSTRAINTS
        self._absent: frozenset[str] = frozenset()
        self._present: tuple[str, ...] = ()
        self._violations: dict[str, tuple[Node, ...]] = {}
        self._demands: tuple[Demand, ...] = ()
        self._least = 0
        self._most: int | None = None

    def _copy(self) -> ObjectStore:
        copy = ObjectStore.__new__(ObjectStore)
        copy.skeleton = self.skeleton
        copy._absent, copy._present, copy._violations = self._absent, self._present, self._violations
        copy._demands, copy._least, copy._most = self._demands, self._least, self._most
        return copy

    def with_constraint(self, constraint: ObjectConstraint) -> ObjectStore | None:
        store = self._copy()
        store.skeleton = Skeleton((*self.skeleton.constraints, constraint))
        if not self._absent.isdisjoint(store.skeleton.required):
            return None
        store._least = max(self._least, constraint.least)
        if constraint.most is not None:
            store._most = constraint.most if self._most is None else min(self._most, constraint.most)
        return None if store._most is not None and store._least > store._most else store

    def absent(self, name: str) -> ObjectStore | None:
        if name in self.skeleton.required or name in self._present or name in self._violations:
            return None
        store = self._copy()
        store._absent = self._absent | {name}
        return store

    def present(self, name: str) -> ObjectStore | None:
        if name in self._absent:
            return None
        store = self._copy()
        store._present = (*self._present, name)
        return store

    def violates(self, name: str, node: Node) -> ObjectStore | None:
        if name in self._absent:
            return None
        store = self._copy()
        store._violations = {**self._violations, name: (*self._violations.get(name, ()), node)}
        return store

    def demand(self, demand: Demand) -> ObjectStore:
        store = self._copy()
        store._demands = (*self._demands, demand)
        return store

    def at_least(self, number: int) -> ObjectStore | None:
        store = self._copy()
        store._least = max(self._least, number)
        return None if store._most is not None and store._least > store._most else store

    def at_most(self, number: int) -> ObjectStore | None:
        if number < self._least:
            return None
        store = self._copy()
        store._most = number if self._most is None else min(self._most, number)
        return store

    def without(self, keys: frozenset[Any]) -> ObjectStore:
        raise AssertionError("objects are excluded by a schema that spells them out")

    def listed(self, name: str) -> frozenset[Any] | None:
        """Return the keys of the values that a key has, or None where the key may be missing or its values are many."""
        if name not in self.skeleton.required and name not in self._present:
            return None
        keys: frozenset[Any] | None = None
        for node in self.skeleton.cell(name):
            if node.keys is not None:
                keys = node.keys if keys is None else keys & node.keys
        return keys

    def sifted(self, cases: Sequence[Case], solver: Solver) -> Iterator[Case]:
        """Yield the cases that are not refuted by what is known of one key.

        Of two sides most fields fit together, so that most cases end here, before a store is made for any of them.
        """
        skeleton = self.skeleton
        solver.budget.spend(len(cases) >> 3)
        for case in cases:
            fact = case.facts[0] if case.facts else None
            if isinstance(fact, Absent):
                if fact.name in skeleton.required:
                    continue
            elif isinstance(fact, Violates):
                try:
                    if isinstance(skeleton.value_of(fact.name, (fact.node,), solver), Empty):
                        continue
                except OutOfBudget:
                    raise
                except Undecided:  # whoever explores the case will say so
                    pass
            yield case

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked but what the constraints say of each key on its own."""
        return not (
            self._violations
            or self._present
            or self._absent
            or self._demands
            or self._least
            or self._most is not None
            or self.skeleton.has_dependents
        )

    def violating(self, name: str, node: Node, solver: Solver) -> Outcome:
        """Find an object in which a schema rejects the value of a key, where the store is open."""
        skeleton = self.skeleton
        outcome = skeleton.value_of(name, (node,), solver)
        if isinstance(outcome, Empty):
            return EMPTY
        base = skeleton.base(solver)
        if not isinstance(base, dict):
            return base
        return self._found(Choice(base, {name: outcome})) if isinstance(outcome, Found) else outcome

    def solve(self, solver: Solver) -> Outcome:
        skeleton = self.skeleton
        solver.budget.spend(1 + (len(skeleton.constraints) >> 2))
        extra = self._present + tuple(self._violations)
        if extra:
            extra = tuple(skeleton.closure(extra))
            if self._absent and any(name in self._absent for name in extra):
                return EMPTY
        chosen: dict[str, Found] = {}
        unsure: Unsure | None = None
        for name in extra:
            if name in self._violations or name not in skeleton.required:
                outcome = skeleton.value_of(name, self._violations.get(name, ()), solver)
                if isinstance(outcome, Empty):
                    return EMPTY
                if isinstance(outcome, Unsure):
                    unsure = outcome
                else:
                    chosen[name] = outcome
        base = skeleton.base(solver)
        if isinstance(base, Empty):
            return EMPTY
        if isinstance(base, Unsure):
            return base
        if unsure is not None:
            return unsure
        choice = Choice(base, chosen)
        if not self._demands and not self._least and self._most is None:
            return self._found(choice)
        return self._satisfy(0, choice, solver)

    def _satisfy(self, index: int, choice: Choice, solver: Solver) -> Outcome:
        """Find a key for each demand from `index` on, then as many keys as are needed."""
        if self._most is not None and choice.size() > self._most:
            return EMPTY
        if index == len(self._demands):
            return self._fill(choice, solver)
        unsure: Unsure | None = None
        demand = self._demands[index]
        for name in self._candidates(index, choice, solver):
            if isinstance(name, Unsure):
                unsure = name
                continue
            fails: tuple[Node, ...] = ()
            if isinstance(demand, SomeKeyViolates):
                fails = (*choice.fails.get(name, self._violations.get(name, ())), demand.node)
            elif solver.accepts(demand.names, name):
                continue
            outcome: Outcome | Choice = self._choose(choice, name, fails, solver)
            if isinstance(outcome, Choice):
                outcome = self._satisfy(index + 1, outcome, solver)
            if isinstance(outcome, Found):
                return outcome
            if isinstance(outcome, Unsure):
                unsure = outcome
        return unsure or EMPTY

    def _choose(self, choice: Choice, name: str, fails: tuple[Node, ...], solver: Solver) -> Choice | Outcome:
        """Return the choice with one more key and those that depend on it."""
        outcome = self.skeleton.value_of(name, fails, solver)
        if not isinstance(outcome, Found):
            return outcome
        wider = choice.plus(name, outcome, fails)
        for other in self.skeleton.closure((name,)):
            if other in wider:
                continue
            if other in self._absent:
                return EMPTY
            outcome = self.skeleton.value_of(other, (), solver)
            if not isinstance(outcome, Found):
                return outcome
            wider = wider.plus(other, outcome, ())
        return wider

    def _candidates(self, index: int, choice: Choice, solver: Solver) -> Iterator[str | Unsure]:
        """Yield keys that could meet a demand, those first that are there anyway.

        One key may meet several demands, or stand in the way of one: of those that nobody mentions, there is one for
        each way in which they can meet the demands that follow.
        """
        demand, *rest = self._demands[index:]
        region = demand.region if isinstance(demand, SomeKeyViolates) else _ALL
        later = [each.region for each in rest if isinstance(each, SomeKeyViolates)]
        names = dict.fromkeys((*choice.names(), *self.skeleton.mentioned))
        names.update(dict.fromkeys(sorted(name for each in later for name in each.names)))
        for name in names:
            if name not in self._absent and name in region:
                yield name
        yield from self._fresh(
            solver,
            self._absent.union(names, region.names),
            region,
            fails=(demand.names,) if isinstance(demand, KeyFails) else (),
            patterns=tuple(
                pattern for each in later for pattern in (*each.others, each.pattern) if pattern is not None
            ),
            asked=tuple(each.names for each in rest if isinstance(each, KeyFails)),
        )

    def _fresh(
        self,
        solver: Solver,
        taken: frozenset[str],
        region: Region = _ALL,
        *,
        fails: tuple[Node, ...] = (),
        patterns: tuple[str, ...] = (),
        asked: tuple[Node, ...] = (),
    ) -> Iterator[str | Unsure]:
        """Yield one key of a region that is not taken for each way in which keys can match patterns and schemas.

        Args:
            solver: finds the keys.
            taken: keys that are not meant, those that the region names among them.
            region: where the keys are.
            fails: schemas that the keys violate.
            patterns: what tells keys apart, beside the patterns of the constraints.
            asked: schemas that tell them apart, too.
        """
        skeleton = self.skeleton
        fixed = {*region.others, region.pattern}
        free = tuple(each for each in dict.fromkeys((*skeleton.patterns, *patterns)) if each not in fixed)
        if not free and not skeleton.name_schemas and region.pattern is None and not (region.others or fails or asked):
            yield next(name for name in plain_names() if name not in taken)
            return
        facts = [Matches(each, contrary=True) for each in region.others]
        if region.pattern is not None:
            facts.append(Matches(region.pattern))
        yield from sectors(solver, skeleton.name_schemas, fails, (NotOneOf(taken), *facts), free, asked)

    def _fill(self, choice: Choice, solver: Solver) -> Outcome:
        """Add keys until there are as many as `minProperties` demands."""
        unsure: Unsure | None = None
        if self._least > _MOST_ADDED_KEYS and self._least > choice.size() + _MOST_ADDED_KEYS:
            return Unsure(f"objects of {self._least} keys are not looked at")
        while self._least and (size := choice.size()) < self._least:
            solver.budget.spend(size >> 4)
            for name in self._addable(choice, solver):
                wider = name if isinstance(name, Unsure) else self._choose(choice, name, (), solver)
                if isinstance(wider, Choice) and self._most is not None and wider.size() > self._most:
                    unsure = Unsure("dependent keys and the number of keys are not decided together")
                elif isinstance(wider, Choice):
                    choice = wider
                    break
                if isinstance(wider, Unsure):
                    unsure = wider
            else:
                return unsure or EMPTY
        return self._found(choice)

    def _found(self, choice: Choice) -> Found:
        skeleton = self.skeleton
        return Found(lambda: choice.build(skeleton.mentioned), choice.weight(skeleton.base_weight))

    def _addable(self, choice: Choice, solver: Solver) -> Iterator[str | Unsure]:
        """Yield keys that are not there yet, those first that the schemas mention."""
        mentioned = self.skeleton.mentioned
        yield from (name for name in mentioned if name not in choice and name not in self._absent)
        yield from self._fresh(solver, self._absent.union(choice.taken(), mentioned))


class Choice:
    """The keys that were chosen so far: those that the constraints require (shared), and others."""

    __slots__ = ("_base", "_chosen", "fails")

    def __init__(
        self, base: dict[str, Found], chosen: dict[str, Found], fails: dict[str, tuple[Node, ...]] | None = None
    ) -> None:
        self._base = base
        self._chosen = chosen
        self.fails = {} if fails is None else fails

    def plus(self, name: str, value: Found, fails: tuple[Node, ...]) -> Choice:
        return Choice(self._base, {**self._chosen, name: value}, {**self.fails, name: fails})

    def __contains__(self, name: str) -> bool:
        return name in self._chosen or name in self._base

    def names(self) -> Iterator[str]:
        yield from self._base
        yield from (name for name in self._chosen if name not in self._base)

    def taken(self) -> Set[str]:
        return self._base.keys() | self._chosen.keys()

    def size(self) -> int:
        return len(self._base) + sum(name not in self._base for name in self._chosen)

    def weight(self, base_weight: int) -> int:
        """Return about how many values the object is made of, given that of the keys that are required."""
        return 1 + base_weight + sum([item.size for name, item in self._chosen.items() if name not in self._base])

    def build(self, order: Iterable[str]) -> Json:
        """Return the object, its keys in the order of the schema."""
        names = dict.fromkeys(name for name in order if name in self)
        names.update(dict.fromkeys(self.names()))
        return {name: (self._chosen.get(name) or self._base[name]).value for name in names}
