"""Facts about arrays: how one keyword for arrays is violated, said of a single position or of the number of items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from eventkit.schema.cases import Accepts, Case, Store
from eventkit.schema.values import Json, key_of

if TYPE_CHECKING:
    from eventkit.schema.keywords.array_store import ArrayStore
    from eventkit.schema.nodes import Node


class ItemViolates:
    """There is an item at the position, and the schema rejects it."""

    __slots__ = ("index", "node")

    def __init__(self, index: int, node: Node) -> None:
        self.index = index
        self.node = node

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) > self.index and not accepts(self.node, value[self.index])

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).violates(self.index, self.node)


class SomeItemViolates:
    """There is an item, at the position `start` or after it, that the schema rejects."""

    __slots__ = ("node", "start")

    def __init__(self, start: int, node: Node) -> None:
        self.start = start
        self.node = node

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return not all(accepts(self.node, item) for item in value[self.start :])

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).demand(self)


class FewerThan:
    """There are fewer items than this."""

    __slots__ = ("least",)

    def __init__(self, least: int) -> None:
        self.least = least

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) < self.least

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).between(0, self.least - 1)


class MoreThan:
    """There are more items than this."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        self.most = most

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) > self.most

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).between(self.most + 1, None)


class HasDuplicate:
    """Two items are equal."""

    __slots__ = ()

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(set(map(key_of, value))) < len(value)

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).with_duplicate()


class ContainsCount:
    """The schema accepts at least `least` and at most `most` of the items."""

    __slots__ = ("least", "most", "node")

    def __init__(self, node: Node, least: int, most: int | None) -> None:
        self.node = node
        self.least = least
        self.most = most

    def holds(self, value: Json, accepts: Accepts) -> bool:
        number = sum(accepts(self.node, item) for item in value)
        return number >= self.least and (self.most is None or number <= self.most)

    def apply(self, store: Store) -> Store | None:
        return cast("ArrayStore", store).containing(self)

    def defects(self) -> Iterator[Case]:
        """Return the ways to have too few or too many of such items."""
        if self.least:
            yield Case("contains", facts=(ContainsCount(self.node, 0, self.least - 1),))
        if self.most is not None:
            yield Case("maxContains", facts=(ContainsCount(self.node, self.most + 1, None),))
