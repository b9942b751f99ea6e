"""`unevaluatedProperties` and `unevaluatedItems`, reduced to `additionalProperties` and `items`, case by case.

Which keys or items are evaluated depends on which of the subschemas that speak of the same value hold. Each
combination of those that matter is a *way*; in one way, the evaluated keys are known, and the keyword says just what
`additionalProperties` says beside these keys.

Source: JSON Schema core 2020-12, section 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from eventkit.schema.budget import Undecided
from eventkit.schema.cases import Accepts, Case, Constraint
from eventkit.schema.keywords.array_facts import SomeItemViolates
from eventkit.schema.keywords.arrays import ArrayConstraint
from eventkit.schema.keywords.logic import AllOf, Conditional, Union
from eventkit.schema.keywords.object_facts import Region, SomeKeyViolates
from eventkit.schema.keywords.objects import DependentSchema, ObjectConstraint
from eventkit.schema.values import ANY, ARRAY, OBJECT, Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({"unevaluatedProperties", "unevaluatedItems"})

_MOST_WAYS = 128


class Way(NamedTuple):
    """A combination of subschemas that hold and fail, and what is evaluated then.

    Attributes:
        holds, fails: the subschemas.
        names, patterns: keys that are evaluated.
        items: how many items are evaluated from the first on.
        contained: schemas whose items are evaluated wherever they stand.
        all: everything is evaluated.
    """

    holds: tuple[Node, ...] = ()
    fails: tuple[Node, ...] = ()
    names: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    items: int = 0
    contained: tuple[Node, ...] = ()
    all: bool = False

    def combined(self, other: Way) -> Way:
        return Way(
            self.holds + other.holds,
            self.fails + other.fails,
            self.names | other.names,
            self.patterns + other.patterns,
            max(self.items, other.items),
            self.contained + other.contained,
            self.all or other.all,
        )

    @property
    def evaluates(self) -> bool:
        return bool(self.names or self.patterns or self.items or self.contained or self.all)


class Unevaluated:
    """What no other keyword evaluates satisfies the schema `rest`."""

    __slots__ = ("_node", "_shapes", "keyword", "rest", "types")

    def __init__(self, keyword: str, node: Node, rest: Node) -> None:
        self.keyword = keyword
        self.types = OBJECT if keyword == "unevaluatedProperties" else ARRAY
        self.rest = rest
        self._node = node
        self._shapes: list[tuple[Way, ObjectConstraint | ArrayConstraint]] | None = None

    @property
    def shapes(self) -> list[tuple[Way, ObjectConstraint | ArrayConstraint]]:
        """Each way, with the constraint that the keyword amounts to in it."""
        if self._shapes is None:
            ways = _ways(self._node, self.types, (), self)
            self._shapes = [(way, self._shape(way)) for way in ways]
        return self._shapes

    def _shape(self, way: Way) -> ObjectConstraint | ArrayConstraint:
        graph = self._node.graph
        anything = graph.made(self._node, ANY, ())
        if self.types == OBJECT:
            fields = ObjectConstraint()
            fields.properties = dict.fromkeys(sorted(way.names), anything)
            fields.patterns = tuple((pattern, anything) for pattern in way.patterns)
            fields.additional = anything if way.all else self.rest
            return fields
        items = ArrayConstraint()
        items.prefix = (anything,) * way.items
        items.rest = anything if way.all else self.rest
        if way.contained and not way.all:
            items.rest = graph.made(self.rest, ANY, (Union("anyOf", (*way.contained, self.rest)),))
        return items

    def cases(self, kind: int) -> list[Case]:
        return [
            Case(self.keyword, facts=() if way.all else (shape,), holds=way.holds, fails=way.fails)
            for way, shape in self.shapes
        ]

    def defects(self, kind: int) -> Iterator[Case]:
        for way, shape in self.shapes:
            if way.all:
                continue
            fact: SomeKeyViolates | SomeItemViolates
            if isinstance(shape, ObjectConstraint):
                fact = SomeKeyViolates(Region(way.names, way.patterns), self.rest)
            else:
                fact = SomeItemViolates(way.items, shape.rest or self.rest)
            yield Case(self.keyword, facts=(fact,), holds=way.holds, fails=way.fails)

    def beside(self) -> tuple[Node, ...]:
        return ()

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        for way, shape in self.shapes:
            if all(accepts(node, value) for node in way.holds) and not any(accepts(node, value) for node in way.fails):
                return way.all or shape.accepts(value, accepts)
        return True  # no way at all: the schema beside it fails, and says so itself


def parse(raw: dict[str, Json], node: Node) -> tuple[Constraint, ...]:
    """Return what the keywords demand; the policy for closed publishers adds one in any dialect."""
    return tuple(
        Unevaluated(keyword, node, node.below(raw[keyword], f"/{keyword}")) for keyword in sorted(KEYWORDS & raw.keys())
    )


def _ways(node: Node, kind: int, above: tuple[int, ...], asking: Unevaluated | None) -> list[Way]:
    """Return the ways of a schema that holds, for objects or arrays."""
    if node.id in above:
        return [Way()]
    above = (*above, node.id)
    ways = [Way()]
    for constraint in node.constraints:
        if constraint is not asking:
            found = _ways_of(constraint, node, kind, above)
            if any(way.evaluates for way in found):
                ways = [way.combined(other) for way in ways for other in found]
        if len(ways) > _MOST_WAYS:
            raise Undecided(f"what is evaluated at {node.pointer} depends on too many subschemas")
    return ways


def _ways_of(constraint: Constraint, node: Node, kind: int, above: tuple[int, ...]) -> list[Way]:
    if not constraint.types & kind:
        return [Way()]
    if isinstance(constraint, ObjectConstraint):
        patterns = tuple(pattern for pattern, _ in constraint.patterns)
        return [Way(names=frozenset(constraint.properties), patterns=patterns, all=constraint.additional is not None)]
    if isinstance(constraint, ArrayConstraint):
        if constraint.contains is None or constraint.rest is not None:
            return [Way(items=len(constraint.prefix), all=constraint.rest is not None)]
        if node.dialect == "2019-09":  # its text says that they are not; validators take them for evaluated
            raise Undecided(f"whether contains evaluates items is not agreed on in 2019-09, at {node.pointer}")
        return [Way(items=len(constraint.prefix), contained=(constraint.contains.node,))]
    if isinstance(constraint, Unevaluated):
        return [Way(all=True)]
    if isinstance(constraint, AllOf):
        return _product([_ways(child, kind, above, None) for child in constraint.nodes])
    if isinstance(constraint, Union):
        return _ways_of_union(constraint, kind, above)
    if isinstance(constraint, Conditional):
        return _ways_of_conditional(constraint, kind, above)
    if isinstance(constraint, DependentSchema):
        raw = {"required": [constraint.name]}
        present = node.test(raw, "")
        there = [Way(holds=(present,)).combined(way) for way in _ways(constraint.node, kind, above, None)]
        return [*there, Way(fails=(present,))]
    return [Way()]


def _product(many: list[list[Way]]) -> list[Way]:
    ways = [Way()]
    for each in many:
        if any(way.evaluates for way in each):
            ways = [way.combined(other) for way in ways for other in each]
        if len(ways) > _MOST_WAYS:
            raise Undecided("what is evaluated depends on too many subschemas")
    return ways


def _ways_of_union(union: Union, kind: int, above: tuple[int, ...]) -> list[Way]:
    """Return the ways of a union; branches that evaluate nothing need not be told apart."""
    telling = [(branch, _ways(branch, kind, above, None)) for branch in union.branches]
    telling = [(branch, ways) for branch, ways in telling if any(way.evaluates for way in ways)]
    if union.exclusive:
        none = Way(fails=tuple(branch for branch, _ in telling))
        return [none, *(Way(holds=(branch,)).combined(way) for branch, ways in telling for way in ways)]
    return _product(
        [[*(Way(holds=(branch,)).combined(way) for way in ways), Way(fails=(branch,))] for branch, ways in telling]
    )


def _ways_of_conditional(conditional: Conditional, kind: int, above: tuple[int, ...]) -> list[Way]:
    condition, then, otherwise = conditional.condition, conditional.then, conditional.otherwise
    when = _ways(condition, kind, above, None)
    if then is not None:
        when = [way.combined(other) for way in when for other in _ways(then, kind, above, None)]
    unless = [Way()] if otherwise is None else _ways(otherwise, kind, above, None)
    return [
        *(Way(holds=(condition,)).combined(way) for way in when),
        *(Way(fails=(condition,)).combined(way) for way in unless),
    ]
