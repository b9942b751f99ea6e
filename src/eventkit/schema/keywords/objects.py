"""`properties`, `required` and the other keywords for objects: what they demand, and how they are violated.

How an object is found that satisfies them is in `object_store`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from eventkit.schema.cases import Accepts, Case, Constraint
from eventkit.schema.documents import escape
from eventkit.schema.keywords.counts import count
from eventkit.schema.keywords.object_facts import (
    Absent,
    FewerThan,
    KeyFails,
    MoreThan,
    Present,
    Region,
    SomeKeyViolates,
    Violates,
)
from eventkit.schema.regex import matches
from eventkit.schema.validator import accepted_by_all
from eventkit.schema.values import OBJECT, Json

if TYPE_CHECKING:
    from eventkit.schema.cases import Store
    from eventkit.schema.keywords.object_store import ObjectStore
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({
    "properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties",
    "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
})  # fmt: skip


class ObjectConstraint:
    """All that one schema says of the keys of objects; as a fact, it is what the store gathers.

    Attributes:
        properties, patterns, additional: the schemas of values, by name, by pattern of the name, and otherwise.
        required, least, most: which keys, and how many.
        names: the schema of the keys themselves.
        dependents: keys that must be there where another key is.
        linked_by: the keyword that says so, which was `dependencies` before 2019-09.
    """

    __slots__ = (
        "_cases", "_region", "additional", "dependents", "least", "linked_by", "most", "names", "patterns",
        "properties", "required",
    )  # fmt: skip
    types = OBJECT

    def __init__(self) -> None:
        self.properties: dict[str, Node] = {}
        self.patterns: tuple[tuple[str, Node], ...] = ()
        self.additional: Node | None = None
        self.required: tuple[str, ...] = ()
        self.least = 0
        self.most: int | None = None
        self.names: Node | None = None
        self.dependents: Mapping[str, tuple[str, ...]] = {}
        self.linked_by = "dependentRequired"
        self._region: Region | None = None
        self._cases = (Case("", facts=(self,)),)

    @property
    def region(self) -> Region:
        """The keys that `additionalProperties` speaks of."""
        if self._region is None:
            self._region = Region(frozenset(self.properties), tuple(pattern for pattern, _ in self.patterns))
        return self._region

    def schemas_of(self, name: str) -> list[Node]:
        """Return the schemas that the value of a key must satisfy."""
        found = []
        child = self.properties.get(name)
        if child is not None:
            found.append(child)
        for pattern, schema in self.patterns:
            if matches(pattern, name):
                found.append(schema)
        if not found and self.additional is not None:
            found.append(self.additional)
        return found

    def cases(self, kind: int) -> tuple[Case, ...]:
        return self._cases

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).with_constraint(self)

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return self.accepts(value, accepts)

    def defects(self, kind: int) -> Iterator[Case]:
        for name in self.required:
            yield Case("required", facts=(Absent(name),))
        for name, child in self.properties.items():
            if child.raw is not True and child.raw != {}:
                yield Case("properties", facts=(Violates(name, child),))
        for pattern, child in self.patterns:
            yield Case("patternProperties", facts=(SomeKeyViolates(Region(frozenset(), (), pattern), child),))
        if self.additional is not None:
            yield Case("additionalProperties", facts=(SomeKeyViolates(self.region, self.additional),))
        if self.least:
            yield Case("minProperties", facts=(FewerThan(self.least),))
        if self.most is not None:
            yield Case("maxProperties", facts=(MoreThan(self.most),))
        if self.names is not None:
            yield Case("propertyNames", facts=(KeyFails(self.names),))
        for name, needed in self.dependents.items():
            for other in needed:
                yield Case(self.linked_by, facts=(Present(name), Absent(other)))

    def beside(self) -> tuple[Node, ...]:
        return ()

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return False
        if not all(name in value for name in self.required):
            return False
        if self.dependents and not all(other in value for name in value for other in self.dependents.get(name, ())):
            return False
        return accepted_by_all(self._parts(value), accepts)

    def _parts(self, value: dict[str, Json]) -> Iterator[tuple[Node, Json]]:
        """Yield the schemas that parts of an object must satisfy, each with its part."""
        for name, item in value.items():
            for child in self.schemas_of(name):
                yield child, item
            if self.names is not None:
                yield self.names, name


class DependentSchema:
    """Where the key is there, the schema holds for the whole object."""

    __slots__ = ("keyword", "name", "node")
    types = OBJECT

    def __init__(self, keyword: str, name: str, node: Node) -> None:
        self.keyword = keyword
        self.name = name
        self.node = node

    def cases(self, kind: int) -> tuple[Case, ...]:
        return (
            Case(self.keyword, facts=(Absent(self.name),)),
            Case(self.keyword, facts=(Present(self.name),), holds=(self.node,)),
        )

    def defects(self, kind: int) -> tuple[Case, ...]:
        return (Case(self.keyword, facts=(Present(self.name),), fails=(self.node,)),)

    def beside(self) -> tuple[Node, ...]:
        return (self.node,)

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        return self.name not in value or accepts(self.node, value)


def parse(raw: dict[str, Json], node: Node) -> tuple[Constraint, ...]:
    """Return what the keywords for objects demand."""
    shape = ObjectConstraint()
    if "properties" in raw:
        fields = _map(raw, "properties", node)
        shape.properties = {name: node.below(fields[name], f"/properties/{escape(name)}") for name in fields}
    if "patternProperties" in raw:
        shape.patterns = tuple(
            (pattern, node.below(child, f"/patternProperties/{escape(pattern)}"))
            for pattern, child in _map(raw, "patternProperties", node).items()
        )
    if "additionalProperties" in raw:
        shape.additional = node.below(raw["additionalProperties"], "/additionalProperties")
    if "propertyNames" in raw:
        shape.names = node.test(raw["propertyNames"], "/propertyNames")
    if "required" in raw:
        shape.required = _names(raw["required"], "required", node)
    shape.least = count(raw, "minProperties", node) or 0
    shape.most = count(raw, "maxProperties", node)
    return (shape, *_dependencies(raw, node, shape))


def _dependencies(raw: dict[str, Json], node: Node, shape: ObjectConstraint) -> list[DependentSchema]:
    """Enter the keys that depend on others in the shape of an object, and return the schemas that do."""
    dependents: dict[str, tuple[str, ...]] = {}
    schemas = []
    for keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
        if keyword not in raw:
            continue
        for name, needed in _map(raw, keyword, node).items():
            if keyword == "dependentRequired" or (keyword == "dependencies" and isinstance(needed, list)):
                dependents[name] = _names(needed, keyword, node)
                shape.linked_by = keyword
            else:
                schemas.append(DependentSchema(keyword, name, node.beside(needed, f"/{keyword}/{escape(name)}")))
    shape.dependents = dependents
    return schemas


def _map(raw: dict[str, Json], keyword: str, node: Node) -> dict[str, Json]:
    value = raw[keyword]
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        node.fault(keyword, f"{keyword} must be an object")
    return value


def _names(value: Json, keyword: str, node: Node) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        node.fault(keyword, f"{keyword} must list names")
    return tuple(dict.fromkeys(value))
