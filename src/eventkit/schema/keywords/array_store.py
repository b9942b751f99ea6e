"""Finding an array: how many items it has, and a value for each position.

Positions beyond all prefixes are alike. What is asked of "some item" or of "so many items" is a *feature* of single
items; for each position it is chosen which features its item has, so that their numbers come out right. An array
longer than prefix, features and minimum together is never needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, NamedTuple

from eventkit.schema.cases import EMPTY, Empty, Found, Outcome, Unsure, found
from eventkit.schema.keywords.array_facts import ContainsCount, SomeItemViolates
from eventkit.schema.values import key_of

if TYPE_CHECKING:
    from eventkit.schema.keywords.arrays import ArrayConstraint
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver

_MOST_FEATURES = 4
_MOST_ITEMS = 20_000


class Feature(NamedTuple):
    """A property of single items that a number of items must have, from a position on."""

    start: int
    holds: tuple[Node, ...]
    fails: tuple[Node, ...]
    least: int
    most: int | None


class Chosen(NamedTuple):
    """An item for one position, and the schemas that it was asked to satisfy and to violate."""

    holds: tuple[Node, ...]
    fails: tuple[Node, ...]
    found: Found


_Chain = tuple[Any, Chosen] | None
"""The items so far, the last one first: arrays that begin alike share what they have in common."""


class ArrayStore:
    """The facts about one array."""

    __slots__ = ("_constraints", "_duplicate", "_features", "_least", "_most", "_unique", "_violations")

    def __init__(self) -> None:
        self._constraints: tuple[ArrayConstraint, ...] = ()
        self._violations: dict[int, tuple[Node, ...]] = {}
        self._features: tuple[Feature, ...] = ()
        self._least = 0
        self._most: int | None = None
        self._unique = False
        self._duplicate = False

    def _copy(self) -> ArrayStore:
        copy = ArrayStore.__new__(ArrayStore)
        for slot in ArrayStore.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def with_constraint(self, constraint: ArrayConstraint) -> ArrayStore | None:
        store = self._copy()
        store._constraints = (*self._constraints, constraint)
        store._unique = self._unique or constraint.unique
        if store._unique and self._duplicate:
            return None
        if constraint.contains is not None:
            store = store.containing(constraint.contains)
        return store.between(constraint.least, constraint.most)

    def violates(self, index: int, node: Node) -> ArrayStore | None:
        store = self._copy()
        store._violations = {**self._violations, index: (*self._violations.get(index, ()), node)}
        return store.between(index + 1, None)

    def demand(self, demand: SomeItemViolates) -> ArrayStore | None:
        store = self._copy()
        store._features = (*self._features, Feature(demand.start, (), (demand.node,), 1, None))
        return store.between(demand.start + 1, None)

    def containing(self, wanted: ContainsCount) -> ArrayStore:
        store = self._copy()
        store._features = (*self._features, Feature(0, (wanted.node,), (), wanted.least, wanted.most))
        return store

    def with_duplicate(self) -> ArrayStore | None:
        if self._unique:
            return None
        store = self._copy()
        store._duplicate = True
        return store.between(2, None)

    def between(self, least: int, most: int | None) -> ArrayStore | None:
        store = self._copy()
        store._least = max(self._least, least)
        if most is not None:
            store._most = most if self._most is None else min(self._most, most)
        return None if store._most is not None and store._least > store._most else store

    def without(self, keys: frozenset[Any]) -> ArrayStore:
        raise AssertionError("arrays are excluded by a schema that spells them out")

    def cell(self, index: int) -> tuple[Node, ...]:
        """Return the schemas that the item at a position must satisfy."""
        schemas = (each.schema_of(index) for each in self._constraints)
        return tuple(schema for schema in schemas if schema is not None)

    def solve(self, solver: Solver) -> Outcome:
        solver.budget.spend()
        if len(self._features) > _MOST_FEATURES:
            return Unsure("too many conditions on the items of one array")
        prefix = max((len(each.prefix) for each in self._constraints), default=0)
        prefix = max(prefix, 1 + max(self._violations, default=-1), *(feature.start for feature in self._features), 0)
        needed = sum(feature.least for feature in self._features) + (2 if self._duplicate else 0)
        longest = max(self._least, prefix + needed)
        if self._most is not None:
            longest = min(longest, self._most)
        if longest > _MOST_ITEMS:
            return Unsure(f"arrays of more than {_MOST_ITEMS} items are not looked at")
        return _Search(self, prefix, solver).run(longest)


class _Search:
    """The search for an array that satisfies the facts of one store."""

    def __init__(self, store: ArrayStore, prefix: int, solver: Solver) -> None:
        self.store = store
        self.prefix = prefix
        self.solver = solver
        self.unsure: Unsure | None = None
        self._values: dict[tuple[tuple[int, ...], tuple[int, ...]], list[Any]] = {}
        self._items: dict[tuple[int, tuple[bool, ...]], Chosen | None] = {}

    def run(self, longest: int) -> Outcome:
        store = self.store
        features = store._features
        counts = tuple(0 for _ in features)
        frontier: dict[tuple[int, ...], _Chain] = {counts: None}
        for length in range(longest + 1):
            if length >= store._least:
                for counts, chain in frontier.items():
                    if all(counts[number] >= feature.least for number, feature in enumerate(features)):
                        outcome = self._finish(_unchained(chain))
                        if not isinstance(outcome, Empty):
                            return outcome
            if length == longest:
                break
            frontier = self._extended(length, frontier)
            if not frontier:
                break
        return self.unsure or EMPTY

    def _extended(self, index: int, frontier: dict[tuple[int, ...], _Chain]) -> dict[tuple[int, ...], _Chain]:
        """Return the arrays with one more item: the first that was found for each count of features."""
        wider: dict[tuple[int, ...], _Chain] = {}
        features = self.store._features
        for counts, chain in frontier.items():
            for chosen in self._choices(index):
                self.solver.budget.spend()
                raised = tuple(
                    min(count + has, feature.least if feature.most is None else feature.most + 1)
                    for count, has, feature in zip(counts, chosen, features, strict=True)
                )
                if raised in wider or any(
                    feature.most is not None and count > feature.most
                    for count, feature in zip(raised, features, strict=True)
                ):
                    continue
                item = self._item(index, chosen)
                if item is not None:
                    wider[raised] = (chain, item)
        return wider

    def _choices(self, index: int) -> Iterator[tuple[bool, ...]]:
        options = [(False, True) if index >= feature.start else (False,) for feature in self.store._features]
        yield from product(*options)

    def _item(self, index: int, chosen: tuple[bool, ...]) -> Chosen | None:
        """Find an item for a position that has the chosen features, and lacks the others where that counts."""
        index = min(index, self.prefix)
        if (index, chosen) not in self._items:
            holds = self.store.cell(index)
            fails = self.store._violations.get(index, ())
            for feature, has in zip(self.store._features, chosen, strict=True):
                if has:
                    holds, fails = holds + feature.holds, fails + feature.fails
                elif feature.most is not None and index >= feature.start:
                    holds, fails = holds + feature.fails, fails + feature.holds
            outcome = self.solver.solve(holds, fails)
            if isinstance(outcome, Unsure):
                self.unsure = outcome
            self._items[index, chosen] = Chosen(holds, fails, outcome) if isinstance(outcome, Found) else None
        return self._items[index, chosen]

    def _finish(self, chosen: list[Chosen]) -> Outcome:
        """Return the array, made to have no equal items or two of them where that is asked."""
        if self.store._unique and len(chosen) > 1:
            return self._distinct(chosen)
        if self.store._duplicate:
            return self._duplicated(chosen)
        return Found(lambda: [item.found.value for item in chosen], 1 + sum(item.found.size for item in chosen))

    def _distinct(self, chosen: list[Chosen]) -> Outcome:
        matched = _match([self._several(item, len(chosen)) for item in chosen])
        if matched is not None:
            return Found(lambda: matched)
        if (
            self.store._features
            and _match([self._several(item, len(chosen)) for item in self._bare(chosen)]) is not None
        ):
            self.unsure = Unsure("distinct items with conditions on some of them are not decided")
        return EMPTY

    def _bare(self, chosen: list[Chosen]) -> Iterator[Chosen]:
        """Yield what is asked of each position, whatever features were chosen."""
        for index, item in enumerate(chosen):
            yield item._replace(holds=self.store.cell(index), fails=self.store._violations.get(index, ()))

    def _several(self, item: Chosen, number: int) -> list[Any]:
        """Return up to `number` different items for a position; fewer only if there are no more."""
        key = (tuple(node.id for node in item.holds), tuple(node.id for node in item.fails))
        if key in self._values:
            return self._values[key]
        values: list[Any] = []
        while len(values) < number:
            self.solver.budget.spend(len(values))
            like = item.holds[0] if item.holds else self.solver.root
            others = () if not values else (like.graph.listing(like, list(values)),)
            outcome = self.solver.solve(item.holds, item.fails + others)
            if isinstance(outcome, Unsure):
                self.unsure = outcome
            if not isinstance(outcome, Found):
                break
            values.append(outcome.value)
        self._values[key] = values
        return values

    def _duplicated(self, chosen: list[Chosen]) -> Outcome:
        """Look for two positions that can have the same value."""
        for left, right in combinations(range(len(chosen)), 2):
            self.solver.budget.spend()
            one, other = chosen[left], chosen[right]
            outcome = self.solver.solve(one.holds + other.holds, one.fails + other.fails)
            if isinstance(outcome, Found):
                same = outcome.value
                values = [item.found.value for item in chosen]
                values[left] = values[right] = same
                return found(values)
            if isinstance(outcome, Unsure):
                self.unsure = outcome
        if self.store._features:
            self.unsure = Unsure("equal items with conditions on some of them are not decided")
        return EMPTY


def _unchained(chain: _Chain) -> list[Chosen]:
    items: list[Chosen] = []
    while chain is not None:
        chain, item = chain
        items.append(item)
    return items[::-1]


def _match(choices: list[list[Any]]) -> list[Any] | None:
    """Choose a different value for each position (a bipartite matching by augmenting paths), or return None."""
    owner: dict[Any, int] = {}
    chosen: list[Any] = [None] * len(choices)

    def place(index: int, tried: set[Any]) -> bool:
        keyed = [(key_of(value), value) for value in choices[index]]
        for key, value in keyed:
            if key not in owner:
                owner[key], chosen[index] = index, value
                return True
        for key, value in keyed:
            if key not in tried:
                tried.add(key)
                if place(owner[key], tried):
                    owner[key], chosen[index] = index, value
                    return True
        return False

    return chosen if all(place(index, set()) for index in range(len(choices))) else None
