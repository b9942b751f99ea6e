"""The typed graph of a schema: one node for each subschema, parsed on first use, references kept as edges.

Recursion in a schema is a cycle in the graph; nothing is ever inlined. Differences between dialects end here and in
the `parse` functions of the keyword families: the solver sees types, values and constraints only.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Final, NoReturn

from eventkit.schema.budget import Endless, Undecided
from eventkit.schema.cases import Case, Constraint
from eventkit.schema.dialects import Dialect, understood
from eventkit.schema.documents import Document, Place, Resource, escape
from eventkit.schema.keywords import ASSERTED, FAMILIES, IN_PLACE, types
from eventkit.schema.keywords.logic import AllOf
from eventkit.schema.tags import Outline
from eventkit.schema.values import ANY, Json, key_of, type_of

OPEN: Final = 0
"""A schema is taken as it is written."""
CLOSED: Final = 1
"""Fields that the schema does not declare are not sent (the policy for closed publishers)."""
INSIDE: Final = 2
"""Part of a schema that is closed as a whole: what stands below it is closed on its own again."""

_DECLARES = ("properties", "patternProperties")
_STATES = ("additionalProperties", "unevaluatedProperties")
_BESIDE_TYPE = ASSERTED - {"type"}
"""What most schemas of single fields do not have."""


_PARSED = ("mask", "values", "keys", "constraints", "plain", "seals", "grounded", "meant")


class Node:
    """A subschema.

    Attributes:
        id: unique among the nodes of one comparison.
        pointer: where it stands, as a JSON pointer from the document's root.
        mask: the types that `type` allows.
        values: the values that `enum` and `const` allow, or None where neither is there.
        keys: the keys (`values.key_of`) of these values.
        constraints: what the other keywords demand.
        meant: the schema that this one is, if it is nothing but a reference; else itself.
    """

    __slots__ = (
        "_defects", "constraints", "grounded", "id", "keys", "mask", "meant", "plain", "pointer", "raw", "seals",
        "setting", "values",
    )  # fmt: skip

    _defects: dict[int, tuple[Case, ...]]
    mask: int
    values: tuple[Json, ...] | None
    keys: frozenset[Any] | None
    constraints: tuple[Constraint, ...]
    meant: Node
    plain: bool
    grounded: bool
    seals: bool

    def __init__(self, setting: Setting, raw: Json, pointer: str) -> None:
        self.setting = setting
        self.raw = raw
        self.pointer = pointer
        self.id = setting.graph.next_id()

    def __getattr__(self, name: str) -> Any:
        """Parse the schema when something of it is asked for the first time (its slots are still empty)."""
        if name not in _PARSED:
            raise AttributeError(name)
        self._parse()
        return getattr(self, name)

    def _parse(self) -> None:
        raw = self.raw
        self.seals = False
        self._defects = {}
        if isinstance(raw, bool):
            self._is(ANY if raw else 0, None, None, ())
            return
        if not isinstance(raw, dict):
            self.fault("", "a schema must be an object or a boolean")
        if _BESIDE_TYPE.isdisjoint(raw):
            self._is(types.mask_of(raw, self), None, None, ())
            return
        raw = understood(raw, self.dialect)
        if self.setting.closing == CLOSED:
            raw = self._closed(raw)
        mask, values, keys = types.parse(raw, self)
        constraints: tuple[Constraint, ...] = ()
        for parse in dict.fromkeys(map(FAMILIES.get, raw)):
            if parse is not None:
                constraints += parse(raw, self)
        self._is(mask, values, keys, constraints)

    def _is(
        self,
        mask: int,
        values: tuple[Json, ...] | None,
        keys: frozenset[Any] | None,
        constraints: tuple[Constraint, ...],
    ) -> None:
        """Keep what was read."""
        self.values, self.keys, self.constraints = values, keys, constraints
        if constraints:
            self.grounded = False
            self._check_loops()
        self.grounded = True
        self.plain = values is None and not constraints
        self.mask = mask
        self.meant = self._what_is_meant() if constraints else self

    def _check_loops(self) -> None:
        """Refuse a schema that applies itself to the same value: there is no end to what it means.

        Children are parsed here, so that one that is not grounded yet is being parsed further up. One that cannot be
        parsed says so where it is needed.
        """
        for constraint in self.constraints:
            for child in constraint.beside():
                try:
                    grounded = not child.constraints or child.grounded
                except Endless:
                    raise
                except Undecided:
                    continue
                if not grounded:
                    raise Endless(f"the {self.document.side}'s schema at {self.pointer} refers to itself without end")

    def _closed(self, raw: dict[str, Json]) -> dict[str, Json]:
        """Return the schema with what the policy for closed publishers adds to it."""
        conjuncts = [raw, *_conjuncts(raw)]
        if not any(keyword in raw for keyword in _DECLARES) and len(conjuncts) < 3:
            return raw  # the one schema that it refers to, or each branch, is closed on its own
        self.seals = True
        if self._cluster_states(raw, set()):
            return raw
        if any(keyword in raw for keyword in IN_PLACE):
            return {**raw, "unevaluatedProperties": False}
        return {**raw, "additionalProperties": False}

    def _cluster_states(self, raw: Json, seen: set[int]) -> bool:
        if not isinstance(raw, dict) or id(raw) in seen:
            return False
        seen.add(id(raw))
        if any(keyword in raw for keyword in _STATES):
            return True
        if "$ref" in raw:
            place = self.document.resolve(raw["$ref"], self.document.resource_of(raw, self.resource))
            if self._cluster_states(place.raw, seen):
                return True
        return any(self._cluster_states(child, seen) for child in _conjuncts(raw) if isinstance(child, dict))

    def _what_is_meant(self) -> Node:
        if self.values is not None or self.mask != ANY or len(self.constraints) != 1:
            return self
        constraint = self.constraints[0]
        if not isinstance(constraint, AllOf) or len(constraint.nodes) != 1:
            return self
        try:
            return constraint.nodes[0].meant
        except Undecided:
            return self

    @property
    def graph(self) -> Graph:
        """All nodes of the comparison."""
        return self.setting.graph

    @property
    def document(self) -> Document:
        """The document that the schema stands in."""
        return self.setting.document

    @property
    def resource(self) -> Resource:
        """The resource that the schema stands in."""
        return self.setting.resource

    @property
    def dialect(self) -> Dialect:
        """The dialect that the schema is written in."""
        return self.setting.resource.dialect

    def defects(self, kind: int) -> tuple[Case, ...]:
        """Return all ways in which a value of the atomic type `kind`, which `mask` has, can violate this schema."""
        known = self._defects.get(kind)
        if known is None:
            found = types.defects(self, kind)
            for constraint in self.constraints:
                if constraint.types & kind:
                    found.extend(constraint.defects(kind))
            known = self._defects[kind] = tuple(found)
        return known

    def beside(self, raw: Json, step: str) -> Node:
        """Return a subschema that speaks of the same value, as those of `allOf` do."""
        return self.referred(Place(raw, self.pointer + step, self.resource))

    def test(self, raw: Json, step: str) -> Node:
        """Return a subschema that only asks a question about the same value, as `not` and `if` do."""
        return self.setting.of_policy(OPEN).node(raw, self.pointer + step)

    def below(self, raw: Json, step: str) -> Node:
        """Return a subschema for a part of the value: a property, an item, a key."""
        return self.setting.below.node(raw, self.pointer + step)

    def referred(self, place: Place) -> Node:
        """Return the schema at the end of a reference, which speaks of the same value, too."""
        closing = INSIDE if self.seals and self.setting.closing == CLOSED else self.setting.closing
        return self.setting.of(place.resource, closing).node(place.raw, place.pointer)

    def fault(self, keyword: str, text: str) -> NoReturn:
        """Say that the schema is not well formed.

        Raises:
            Undecided: always.
        """
        place = f"{self.pointer}/{escape(keyword)}" if keyword else self.pointer
        raise Undecided(f"the {self.document.side}'s schema is not well formed at {place}: {text}")


def _conjuncts(raw: dict[str, Json]) -> list[Json]:
    branches = raw.get("allOf")
    found = list(branches) if isinstance(branches, list) else []
    if "$ref" in raw:
        found.append(None)
    return found


class Setting:
    """What nodes have in common that stand in one resource, have one dynamic scope and are under one policy.

    Args:
        graph: all nodes of the comparison.
        document: the document that they stand in.
        resource: their resource.
        scope: the resources with dynamic anchors that were entered on the way to them, theirs included.
        closing: the policy: OPEN, CLOSED or INSIDE.

    Attributes:
        below: the setting of what describes parts of the values: what is below a closed schema is closed on its own.
    """

    __slots__ = ("_nodes", "below", "closing", "document", "graph", "resource", "scope")

    def __init__(
        self, graph: Graph, document: Document, resource: Resource, scope: tuple[Resource, ...], closing: int
    ) -> None:
        self.graph = graph
        self.document = document
        self.resource = resource
        self.scope = scope
        self.closing = closing
        self._nodes: dict[int, Node] = {}
        self.below: Setting = self.of_policy(CLOSED if closing else OPEN)

    def node(self, raw: Json, pointer: str) -> Node:
        """Return the node of a subschema, of the setting that it opens where it is a resource of its own.

        The same place under the same policy is the same node.
        """
        if self.document.has_resources:
            resource = self.document.resource_of(raw, self.resource)
            if resource is not self.resource:
                return self.of(resource, self.closing).node(raw, pointer)
        node = self._nodes.get(id(raw))
        if node is None or raw is True or raw is False:
            node = self._nodes[id(raw)] = Node(self, raw, pointer)
        return node

    def of_policy(self, closing: int) -> Setting:
        """Return the setting that differs in nothing but the policy."""
        return self if closing == self.closing else self.of(self.resource, closing)

    def of(self, resource: Resource, closing: int) -> Setting:
        """Return the setting of a resource that is entered from this one."""
        return self.graph.setting(self.document, resource, self.scope, closing)


class Graph:
    """All nodes of one comparison.

    Args:
        assert_formats: whether `format` is an assertion.
    """

    def __init__(self, *, assert_formats: bool) -> None:
        self.assert_formats = assert_formats
        self._settings: dict[tuple[int, ...], Setting] = {}
        self.outlines: dict[int, Outline] = {}
        self.next_id = count(1).__next__

    def root(self, document: Document, *, closed: bool) -> Node:
        """Return the node of a whole document."""
        resource = document.root
        return self.setting(document, resource, (), CLOSED if closed else OPEN).node(resource.root, "#")

    def setting(self, document: Document, resource: Resource, scope: tuple[Resource, ...], closing: int) -> Setting:
        """Return a setting; there is one for each resource, scope and policy."""
        if resource.dynamic and resource not in scope:
            scope = (*scope, resource)
        key = (id(resource), closing, *map(id, scope))
        setting = self._settings.get(key)
        if setting is None:
            setting = self._settings[key] = Setting(self, document, resource, scope, closing)
        return setting

    def listing(self, like: Node, values: list[Json]) -> Node:
        """Return a node, made while reasoning about the node `like`, that accepts just these values."""
        mask = 0
        for value in values:
            mask |= type_of(value)
        return self.made(like, mask, (), values)

    def made(
        self, like: Node, mask: int, constraints: tuple[Constraint, ...], values: list[Json] | None = None
    ) -> Node:
        """Return a node that stands in no document, made while reasoning about the node `like`."""
        node = Node(like.setting.of_policy(OPEN), None, like.pointer)
        node.seals = False
        node.grounded = True
        node.mask = mask
        node.values = None if values is None else tuple(values)
        node.keys = None if values is None else frozenset(map(key_of, values))
        node.constraints = constraints
        node.plain = values is None and not constraints
        node.meant = node
        node._defects = {}
        return node
