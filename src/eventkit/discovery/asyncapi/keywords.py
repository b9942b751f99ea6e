"""Where schemas stand inside a schema, in the drafts that AsyncAPI documents use.

Anything else is data: `{"$ref": ...}` inside `const` or `examples` refers to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from eventkit.discovery.asyncapi.text import escape

_ONE: Final = frozenset({
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
    "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_LIST: Final = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_MAP: Final = frozenset({
    "$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties",
})  # fmt: skip
_SCHEMA: Final = (dict, bool)
HOLDING_SCHEMAS: Final = _ONE | _LIST | _MAP
"""The keywords in which schemas stand."""


def map_subschemas(schema: Mapping[str, Any], change: Callable[[Any, str], Any]) -> dict[str, Any]:
    """Return a copy of a schema with each schema that stands directly in it changed.

    Args:
        schema: The schema.
        change: Takes a subschema and its JSON pointer from `schema`, as "/properties/amount", and returns what takes
            its place.
    """
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword not in HOLDING_SCHEMAS:
            result[keyword] = value
        elif keyword in _MAP and isinstance(value, dict):
            result[keyword] = {
                name: change(child, f"/{keyword}/{escape(name)}") if _is_schema(child) else child
                for name, child in value.items()
            }
        elif keyword in _LIST and isinstance(value, list):
            result[keyword] = [
                change(child, f"/{keyword}/{index}") if _is_schema(child) else child
                for index, child in enumerate(value)
            ]
        elif keyword in _ONE and _is_schema(value):
            result[keyword] = change(value, f"/{keyword}")
        else:
            result[keyword] = value
    return result


def subschemas(schema: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return the schemas that stand directly in a schema, each with its JSON pointer from there."""
    found: list[tuple[Any, str]] = []

    def note(child: Any, steps: str) -> Any:
        found.append((child, steps))
        return child

    map_subschemas(schema, note)
    return found


def _is_schema(value: Any) -> bool:
    # An array of names in `dependencies` is none, and what is malformed is left for the comparison to refuse.
    return isinstance(value, _SCHEMA)
