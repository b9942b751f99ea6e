"""A JSON Schema in a few words: `an integer, at least 1`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from eventkit.schema.values import Json

_MOST: Final = 4
"""How many values or branches are named before the rest is counted."""
_PAIR: Final = 2
"""How many values or branches need no "one of" before them."""
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE: Final = frozenset(
    {"items", "additionalProperties", "additionalItems", "contains", "not", "if", "then", "else", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_TYPES: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_FORMATS: Final = {
    "date-time": "a date and time",
    "date": "a date",
    "time": "a time",
    "duration": "a duration",
    "uuid": "a UUID",
    "email": "an e-mail address",
    "uri": "a URI",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "binary": "a string",
    "decimal": "a string",
}
_Schema = Mapping[str, Any] | bool


def describe(document: _Schema, pointer: str) -> str:
    """Return what values a part of a schema stands for.

    Args:
        document: A JSON Schema.
        pointer: A JSON pointer into it, as `#/properties/price` or `#/properties/price/minimum`: the innermost schema
            on the way is described.
    """
    return _phrase(document, _innermost(document, pointer), depth=0)


def values(document: _Schema, pointer: str) -> list[Json] | None:
    """Return the values that a part of a schema lists, or None where it does not list them."""
    schema = _followed(document, _innermost(document, pointer))
    listed = schema.get("enum") if isinstance(schema, Mapping) else None
    return listed if isinstance(listed, list) else None


def json_text(value: Json) -> str:
    """Return a value as JSON in one line, with what cannot be seen escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def field_name(path: str) -> str:
    """Return the name of the field that a path in an event leads to."""
    return path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _innermost(document: _Schema, pointer: str) -> _Schema:
    node: Any = document
    found: _Schema = document
    steps = iter(pointer.removeprefix("#").split("/")[1:])
    for step in steps:
        keys = [step, next(steps, "")] if step in _NAMED | _LISTED else [step]
        for key in (key.replace("~1", "/").replace("~0", "~") for key in keys):
            node = _child(node, key)
        if step not in _NAMED | _LISTED | _SINGLE or not isinstance(node, Mapping | bool):
            break
        found = node
    return found


def _child(node: Any, key: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(key)
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return node[int(key)]
    return None


def _followed(document: _Schema, schema: _Schema) -> _Schema:
    """Return what a reference leads to; a circle of references leads to its last one."""
    for _ in range(_MOST):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            break
        schema = _innermost(document, schema["$ref"])
    return schema


def _phrase(document: _Schema, schema: _Schema, depth: int) -> str:
    schema = _followed(document, schema)
    if not isinstance(schema, Mapping):
        return "anything" if schema else "nothing"
    if "const" in schema:
        return json_text(schema["const"])
    if "enum" in schema:
        return _alternatives([json_text(value) for value in schema["enum"]], "one of ")
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and depth < _MOST:
            return _alternatives([_phrase(document, branch, depth + 1) for branch in schema[keyword]])
    types = schema.get("type", [])
    phrases = [_typed(name, schema) for name in ([types] if isinstance(types, str) else types)]
    return _alternatives(phrases) if phrases else "anything"


def _typed(name: str, schema: Mapping[str, Any]) -> str:
    phrase = _TYPES.get(name, name)
    if name == "string" and "format" in schema:
        phrase = _FORMATS.get(schema["format"], f"a string of the format {schema['format']}")
    elif name == "object" and "title" in schema:
        phrase = f"`{schema['title']}`"
    return ", ".join([phrase, *_limits(name, schema)])


def _limits(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for type_, keyword, words in (
        ("number", "minimum", "at least {}"),
        ("number", "exclusiveMinimum", "more than {}"),
        ("number", "maximum", "at most {}"),
        ("number", "exclusiveMaximum", "less than {}"),
        ("number", "multipleOf", "a multiple of {}"),
        ("string", "minLength", "at least {} characters"),
        ("string", "maxLength", "at most {} characters"),
        ("string", "pattern", "matching {}"),
        ("array", "minItems", "at least {} items"),
        ("array", "maxItems", "at most {} items"),
    ):
        said = keyword == "pattern" and "format" in schema  # in one word instead of many signs
        if keyword in schema and not said and type_ == ("number" if name == "integer" else name):
            yield words.format(schema[keyword])
    if name == "array" and schema.get("uniqueItems") is True:
        yield "no two items equal"


def _alternatives(phrases: list[str], prefix: str = "") -> str:
    distinct = list(dict.fromkeys(phrases))
    if len(distinct) == 1:
        return distinct[0]
    if len(distinct) > _MOST:
        return f"{prefix}{', '.join(distinct[:_MOST])} and {len(distinct) - _MOST} more"
    return f"{prefix if len(distinct) > _PAIR else ''}{', '.join(distinct[:-1])} or {distinct[-1]}"
