"""`items`, `contains`, `uniqueItems` and the other keywords for arrays: what they demand, and how they are violated.

How an array is found that satisfies them is in `array_store`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, cast

from eventkit.schema.cases import Accepts, Case
from eventkit.schema.keywords.array_facts import (
    ContainsCount,
    FewerThan,
    HasDuplicate,
    ItemViolates,
    MoreThan,
    SomeItemViolates,
)
from eventkit.schema.keywords.counts import count
from eventkit.schema.validator import accepted_by_all
from eventkit.schema.values import ARRAY, Json, key_of

if TYPE_CHECKING:
    from eventkit.schema.cases import Store
    from eventkit.schema.keywords.array_store import ArrayStore
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({
    "prefixItems", "items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains",
    "minContains", "maxContains",
})  # fmt: skip


class ArrayConstraint:
    """All that one schema says of arrays; as a fact, it is what the store gathers.

    Attributes:
        prefix, rest: the schemas of the items at the first positions, and of all further ones.
        least, most: how many items.
        unique: no two items are equal.
        contains: a schema, and how many items must and may satisfy it.
    """

    __slots__ = ("_cases", "contains", "least", "most", "prefix", "rest", "unique")
    types = ARRAY

    def __init__(self) -> None:
        self.prefix: tuple[Node, ...] = ()
        self.rest: Node | None = None
        self.least = 0
        self.most: int | None = None
        self.unique = False
        self.contains: ContainsCount | None = None
        self._cases = (Case("", facts=(self,)),)

    def schema_of(self, index: int) -> Node | None:
        """Return the schema of the item at a position."""
        return self.prefix[index] if index < len(self.prefix) else self.rest

    def cases(self, kind: int) -> tuple[Case, ...]:
        return self._cases

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).with_constraint(self)

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return self.accepts(value, accepts)

    def defects(self, kind: int) -> Iterator[Case]:
        for index, child in enumerate(self.prefix):
            yield Case("prefixItems", facts=(ItemViolates(index, child),))
        if self.rest is not None:
            yield Case("items", facts=(SomeItemViolates(len(self.prefix), self.rest),))
        if self.least:
            yield Case("minItems", facts=(FewerThan(self.least),))
        if self.most is not None:
            yield Case("maxItems", facts=(MoreThan(self.most),))
        if self.unique:
            yield Case("uniqueItems", facts=(HasDuplicate(),))
        if self.contains is not None:
            yield from self.contains.defects()

    def beside(self) -> tuple[Node, ...]:
        return ()

    def accepts(self, value: Json, accepts: Accepts) -> bool:
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return False
        if self.unique and len(set(map(key_of, value))) < len(value):
            return False
        if self.contains is not None and not self.contains.holds(value, accepts):
            return False
        schemas = chain(self.prefix, () if self.rest is None else repeat(self.rest))
        return accepted_by_all(zip(schemas, value, strict=False), accepts)


def parse(raw: dict[str, Json], node: Node) -> tuple[ArrayConstraint, ...]:
    """Return what the keywords for arrays demand; `items` with a list is what `prefixItems` was called before."""
    shape = ArrayConstraint()
    for keyword in ("prefixItems", "items", "additionalItems"):
        if keyword in raw and raw[keyword] is None:  # what YAML reads where nothing was written
            node.fault(keyword, f"{keyword} is null")
    items, prefix, keyword, rest = raw.get("items"), raw.get("prefixItems"), "prefixItems", "items"
    if node.dialect != "2020-12":
        prefix, keyword = None, "items"
        if isinstance(items, list):
            prefix, items, rest = items, raw.get("additionalItems"), "additionalItems"
    if prefix is not None:
        if not isinstance(prefix, list):
            node.fault(keyword, f"{keyword} must be an array")
        shape.prefix = tuple(node.below(child, f"/{keyword}/{index}") for index, child in enumerate(prefix))
    if items is not None:
        shape.rest = node.below(items, f"/{rest}")
    shape.least = count(raw, "minItems", node) or 0
    shape.most = count(raw, "maxItems", node)
    unique = raw.get("uniqueItems", False)
    if not isinstance(unique, bool):
        node.fault("uniqueItems", "uniqueItems must be true or false")
    shape.unique = unique
    if "contains" in raw:
        least = count(raw, "minContains", node) if "minContains" in raw else 1
        wanted = node.test(raw["contains"], "/contains")
        shape.contains = ContainsCount(wanted, least or 0, count(raw, "maxContains", node))
    return (shape,)
