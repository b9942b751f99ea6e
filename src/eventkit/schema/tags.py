"""Discriminators: properties whose listed values tell the branches of a union apart.

Nothing is asked of the schema but `const` or `enum` on a property; OpenAPI's `discriminator` is an annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from eventkit.schema.budget import Undecided
from eventkit.schema.values import ANY, OBJECT, Json, key_of

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

Keys = frozenset[Any]
"""Keys (`values.key_of`) of the values that a property can have."""

_MOST_CONJUNCTS = 32
_MANY = 8


class Outline:
    """What is plain to see of a schema, through its references: types, properties with listed values, required ones."""

    __slots__ = ("keys", "listed", "mask", "required")

    def __init__(self) -> None:
        self.mask = ANY
        self.keys: Keys | None = None
        self.listed: dict[str, Keys] = {}
        self.required: set[str] = set()

    def list_values(self, name: str, keys: Keys) -> None:
        """Add that a property, if it is there, has one of these values."""
        self.listed[name] = self.listed[name] & keys if name in self.listed else keys

    def add_union(self, branches: list[Outline]) -> None:
        """Add that one of these outlines holds, too."""
        mask = 0
        for each in branches:
            mask |= each.mask
        self.mask &= mask
        objects = [each for each in branches if each.mask & OBJECT]
        if objects:
            self.required.update(set.intersection(*(each.required for each in objects)))
            for name in objects[0].listed:
                if all(name in each.listed for each in objects):
                    self.list_values(name, frozenset().union(*(each.listed[name] for each in objects)))


def outline(node: Node) -> Outline:
    """Return the outline of a schema; it is computed once for each node."""
    known = node.graph.outlines
    if node.id not in known:
        known[node.id] = Outline()  # what is seen of a schema that is met again within itself: nothing
        known[node.id] = _outline(node)
    return known[node.id]


def _outline(node: Node) -> Outline:
    from eventkit.schema.keywords.logic import AllOf, Union
    from eventkit.schema.keywords.objects import ObjectConstraint

    found = Outline()
    todo, seen = [node], {node.id}
    while todo and len(seen) < _MOST_CONJUNCTS:
        part = todo.pop()
        found.mask &= part.mask
        if part.keys is not None:
            found.keys = part.keys if found.keys is None else found.keys & part.keys
        for constraint in part.constraints:
            if isinstance(constraint, AllOf):
                todo.extend(child for child in constraint.nodes if child.id not in seen)
                seen.update(child.id for child in constraint.nodes)
            elif isinstance(constraint, Union):
                found.add_union([outline(branch) for branch in constraint.branches])
            elif isinstance(constraint, ObjectConstraint):
                found.required.update(constraint.required)
                for name, child in constraint.properties.items():
                    written = isinstance(child.raw, dict) and ("const" in child.raw or "enum" in child.raw)
                    if written and child.keys is not None:  # None where the dialect does not read it
                        found.list_values(name, child.keys)
    return found


def may_overlap(left: Node, right: Node, kinds: int) -> bool:
    """Tell whether some value of these types could satisfy both schemas; False is a proof that none does."""
    one, other = outline(left), outline(right)
    kinds &= one.mask & other.mask
    if not kinds:
        return False
    if one.keys is not None and other.keys is not None and not one.keys & other.keys:
        return False
    if kinds != OBJECT:
        return True
    small, large = (one, other) if len(one.listed) <= len(other.listed) else (other, one)
    return not any(
        name in large.listed and (name in one.required or name in other.required) and not (keys & large.listed[name])
        for name, keys in small.listed.items()
    )


class Tags:
    """An index of a union's branches by the listed values of their properties."""

    __slots__ = ("_branches", "_index")

    def __init__(self, branches: tuple[Node, ...]) -> None:
        self._branches = branches
        self._index: dict[str, tuple[Mapping[Any, list[int]], list[int]]] | None = None

    def relevant(self, listed: Callable[[str], Keys | None]) -> tuple[Node, ...]:
        """Return the branches that an object could satisfy.

        Args:
            listed: returns the keys of the values that a property is known to have, None where that is not known.
        """
        chosen: set[int] | None = None
        for name, (branches_of, others) in self._indexed().items():
            keys = listed(name)
            if keys is None:
                continue
            fitting = set(others)
            for key in keys:
                fitting.update(branches_of.get(key, ()))
            chosen = fitting if chosen is None else chosen & fitting
        if chosen is None:
            return self._branches
        return tuple(self._branches[index] for index in sorted(chosen))

    def taking(self, value: Json) -> tuple[Node, ...]:
        """Return the branches that may accept a value: of many, those whose tags an object has."""
        if len(self._branches) < _MANY or not isinstance(value, dict):
            return self._branches
        try:
            return self.relevant(lambda name: frozenset((key_of(value[name]),)) if name in value else None)
        except Undecided:  # a branch is not well formed; another one may accept the value
            return self._branches

    def overlapping(self, branch: Node, kinds: int) -> tuple[Node, ...]:
        """Return the other branches that could hold for a value of these types together with this one."""
        about = outline(branch)
        kinds &= about.mask
        if not kinds:
            return ()
        fitting = self._branches
        if kinds == OBJECT:
            fitting = self.relevant(lambda name: about.listed.get(name) if name in about.required else None)
        return tuple(other for other in fitting if other is not branch and may_overlap(branch, other, kinds))

    def names(self) -> tuple[str, ...]:
        """Return the properties that tell branches apart."""
        return tuple(self._indexed())

    def _indexed(self) -> dict[str, tuple[Mapping[Any, list[int]], list[int]]]:
        if self._index is None:
            self._index = self._built()
        return self._index

    def _built(self) -> dict[str, tuple[Mapping[Any, list[int]], list[int]]]:
        outlines = [outline(branch) for branch in self._branches]
        names = {name: None for each in outlines for name in each.listed}
        index: dict[str, tuple[Mapping[Any, list[int]], list[int]]] = {}
        for name in names:
            branches_of: dict[Any, list[int]] = {}
            others = []
            for number, each in enumerate(outlines):
                if name not in each.listed:
                    others.append(number)
                for key in each.listed.get(name, ()):
                    branches_of.setdefault(key, []).append(number)
            if len(others) < len(outlines) // 2:
                index[name] = (branches_of, others)
        return index
