"""Facts about objects: how one keyword for objects is violated, said of a single key or of the number of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eventkit.schema.cases import Accepts, Store
from eventkit.schema.regex import matches
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.keywords.object_store import ObjectStore
    from eventkit.schema.nodes import Node


class Region:
    """The keys that match `pattern`, if there is one, are none of the names and match none of the other patterns."""

    __slots__ = ("names", "others", "pattern")

    def __init__(self, names: frozenset[str], others: tuple[str, ...], pattern: str | None = None) -> None:
        self.names = names
        self.others = others
        self.pattern = pattern

    def __contains__(self, name: str) -> bool:
        return (
            name not in self.names
            and (self.pattern is None or matches(self.pattern, name))
            and not any(matches(other, name) for other in self.others)
        )


class Absent:
    """There is no such key."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return self.name not in value

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).absent(self.name)


class Present:
    """There is such a key."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return self.name in value

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).present(self.name)


class Violates:
    """There is such a key, and the schema rejects its value."""

    __slots__ = ("name", "node")

    def __init__(self, name: str, node: Node) -> None:
        self.name = name
        self.node = node

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return self.name in value and not accepts(self.node, value[self.name])

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).violates(self.name, self.node)


class SomeKeyViolates:
    """There is a key in the region whose value the schema rejects."""

    __slots__ = ("node", "region")

    def __init__(self, region: Region, node: Node) -> None:
        self.region = region
        self.node = node

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return any(name in self.region and not accepts(self.node, item) for name, item in value.items())

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).demand(self)


class KeyFails:
    """There is a key that the schema for keys rejects."""

    __slots__ = ("names",)

    def __init__(self, names: Node) -> None:
        self.names = names

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return not all(accepts(self.names, name) for name in value)

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).demand(self)


class FewerThan:
    """There are fewer keys than this."""

    __slots__ = ("least",)

    def __init__(self, least: int) -> None:
        self.least = least

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) < self.least

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).at_most(self.least - 1)


class MoreThan:
    """There are more keys than this."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        self.most = most

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) > self.most

    def apply(self, store: Store) -> Store | None:
        return cast("ObjectStore", store).at_least(self.most + 1)
