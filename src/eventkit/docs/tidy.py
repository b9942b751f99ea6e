"""Schemas as people like to read them: what something is before what it is made of, and nothing said twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from eventkit.discovery.asyncapi.keywords import map_subschemas

_FIRST: Final = (
    "$schema",
    "$id",
    "$comment",
    "$ref",
    "title",
    "description",
    "type",
    "format",
    "const",
    "enum",
    "pattern",
)
_LAST: Final = ("required", "properties", "additionalProperties", "items", "default", "examples", "$defs")
_ORDER: Final = {**{key: index for index, key in enumerate(_FIRST)}, **{key: 99 + n for n, key in enumerate(_LAST)}}
_MIDDLE: Final = len(_FIRST)


def tidy(schema: Mapping[str, Any] | bool) -> dict[str, Any] | bool:
    """Return a schema with its keywords in a fixed order, and without the titles that repeat a property's name.

    pydantic gives every property such a title: `Order Id` to `order_id`.
    """
    if isinstance(schema, bool):
        return schema

    def change(child: Any, steps: str) -> Any:
        _, keyword, name = steps.split("/", 2) if steps.count("/") > 1 else ("", "", "")
        if keyword == "properties" and isinstance(child, dict) and child.get("title") == _words(name):
            child = {key: value for key, value in child.items() if key != "title"}
        return tidy(child)

    return map_subschemas({key: schema[key] for key in sorted(schema, key=_rank)}, change)


def _rank(keyword: str) -> tuple[int, str]:
    return _ORDER.get(keyword, _MIDDLE), keyword if keyword not in _ORDER else ""


def _words(name: str) -> str:
    return name.replace("_", " ").title()
