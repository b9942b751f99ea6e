"""`type`, `enum` and `const`: which types and which values there are at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventkit.schema.cases import Accepts, Case, Store
from eventkit.schema.values import ANY, ARRAY, OBJECT, TYPE_MASKS, Json, key_of, type_of

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node


_FEW = 4
LISTING = frozenset({"enum", "const"})
"""Keywords that list values; a value is none of them as a whole, whatever its parts are."""

_PLAIN = frozenset({"type", "title", "description", "default", "examples", "deprecated"})


class NotOneOf:
    """The value is none of these."""

    __slots__ = ("keys",)

    def __init__(self, keys: frozenset[Any]) -> None:
        self.keys = keys

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return key_of(value) not in self.keys

    def apply(self, store: Store) -> Store | None:
        return store.without(self.keys)


def parse(raw: dict[str, Json], node: Node) -> tuple[int, tuple[Json, ...] | None, frozenset[Any] | None]:
    """Return the types that are allowed, and the values where these are listed, with their keys."""
    mask = mask_of(raw, node)
    if "anyOf" in raw:
        mask &= union_of_types(raw) or ANY
    if "enum" not in raw and "const" not in raw:
        return mask, None, None
    values = raw.get("enum", [raw.get("const")])
    if not isinstance(values, list):
        node.fault("enum", "enum must be an array")
    if "const" in raw and "enum" in raw:
        wanted = key_of(raw["const"])
        values = [value for value in values if key_of(value) == wanted]
    listed = {key_of(value): value for value in reversed(values) if type_of(value) & mask}
    allowed = tuple(reversed(listed.values()))
    types = 0
    for value in allowed:
        types |= type_of(value)
    return types, allowed, frozenset(listed)


def union_of_types(raw: dict[str, Json]) -> int | None:
    """Return the types of an `anyOf` that says no more than these, as optional fields have, or None for another."""
    mask = 0
    for branch in raw["anyOf"] if isinstance(raw["anyOf"], list) else ():
        if not isinstance(branch, dict) or not isinstance(name := branch.get("type"), str) or branch.keys() - _PLAIN:
            return None
        mask |= TYPE_MASKS.get(name, 0)
    return mask or None


def mask_of(raw: dict[str, Json], node: Node) -> int:
    """Return the types that `type` allows."""
    if "type" not in raw:
        return ANY
    names = raw["type"]
    if isinstance(names, str) and names in TYPE_MASKS:
        return TYPE_MASKS[names]
    if not isinstance(names, list) or not all(isinstance(name, str) and name in TYPE_MASKS for name in names):
        node.fault("type", f"type must be one or several of {', '.join(TYPE_MASKS)}")
    mask = 0
    for name in names:
        mask |= TYPE_MASKS[name]
    return mask


def defects(node: Node, kind: int) -> list[Case]:
    """Return the way in which a value of the atomic type `kind` is none of the values that a schema lists."""
    if node.values is None:
        return []
    values = [value for value in node.values if type_of(value) == kind]
    keyword = "const" if isinstance(node.raw, dict) and "enum" not in node.raw else "enum"
    if kind in (ARRAY, OBJECT):
        others = tuple(_exactly(node, value) for value in values)
        return [Case(keyword, fails=others, minor=len(others) > _FEW)]
    return [Case(keyword, facts=(NotOneOf(frozenset(map(key_of, values))),))]


def _exactly(node: Node, value: Json) -> Node:
    """Return a schema that spells out one array or object, so that the solver can reason about its parts."""
    raw: dict[str, Json]
    if isinstance(value, list):
        positions = "items" if node.dialect != "2020-12" else "prefixItems"
        raw = {"type": "array", positions: [{"const": item} for item in value]}
        raw |= {"minItems": len(value), "maxItems": len(value)}
    else:
        fields = {name: {"const": item} for name, item in value.items()}
        raw = {"type": "object", "properties": fields, "required": list(value), "additionalProperties": False}
    return node.test(raw, "")
