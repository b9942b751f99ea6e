"""A JSON Schema in a few words: `an integer, at least 1`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from eventkit.contract import decimals
from eventkit.schema.values import Json

_MOST: Final = 4
"""How many values or branches are named before the rest is counted."""
_PAIR: Final = 2
"""How many values or branches need no "one of" before them."""
_LONGEST_PATTERN: Final = 60
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
# Of these, a value at a place of the event is spoken of; `contains`, `not`, `propertyNames` speak of the whole.
_SINGLE: Final = frozenset(
    {"items", "additionalProperties", "additionalItems", "if", "then", "else"}
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
_TYPES_OF_KEYWORDS: Final = {
    "string": ("format", "pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties", "propertyNames"),
}
"""What a schema that names no type is taken to speak of."""
_FORMATS: Final = {
    "date-time": "a date and time",
    "date-time-local": "a date and time without a zone",
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


def tags(document: _Schema, pointer: str, name: str) -> list[Json]:
    """Return the values that the branches of a union, or a lone schema, allow for the field that tells them apart."""
    schema = _followed(document, _innermost(document, pointer))
    found: list[Json] = []
    for branch in _branches(document, schema):
        tag = branch.get("properties", {}).get(name)
        tag = _followed(document, tag) if isinstance(tag, Mapping) else {}
        if isinstance(tag, Mapping):
            found += [tag["const"]] if "const" in tag else tag.get("enum", [])
    return found


def key_patterns(document: _Schema, pointer: str) -> str:
    """Return the patterns that name which keys an object may have, as `^a or ^b`; "" where it names none."""
    schema = _followed(document, _innermost(document, pointer))
    return _joined(list(schema.get("patternProperties", ()))) if isinstance(schema, Mapping) else ""


def alternatives(listed: list[Json]) -> str:
    """Return values as `one of 1, 2 or 3`."""
    return _joined([json_text(value) for value in listed], "one of ")


def json_text(value: Json) -> str:
    """Return a value as JSON in one line, with what cannot be seen escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
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
        # What models and definitions are called: pydantic says it by a title, others by the key alone.
        name = schema["$ref"].rpartition("/")[2]
        schema = _innermost(document, schema["$ref"])
        if isinstance(schema, Mapping) and "properties" in schema and name:
            schema = {"title": name, **schema}
    return schema


def _branches(document: _Schema, schema: _Schema) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        unions = [schema[keyword] for keyword in ("anyOf", "oneOf") if keyword in schema]
        branches = [_followed(document, branch) for union in unions for branch in union] or [schema]
        yield from (branch for branch in branches if isinstance(branch, Mapping))


def _phrase(document: _Schema, schema: _Schema, depth: int) -> str:
    schema = _followed(document, schema)
    if not isinstance(schema, Mapping):
        return "anything" if schema else "nothing"
    if "const" in schema:
        return json_text(schema["const"])
    if "enum" in schema:
        return alternatives(schema["enum"])
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and depth < _MOST:
            return _joined([_phrase(document, branch, depth + 1) for branch in schema[keyword]])
    types: str | list[str] = schema.get("type") or next(
        (name for name, keywords in _TYPES_OF_KEYWORDS.items() if any(keyword in schema for keyword in keywords)), []
    )
    phrases = [_typed(name, schema) for name in ([types] if isinstance(types, str) else types)]
    if phrases and "array" in types and "contains" in schema:
        phrases[-1] += f", at least one item {_phrase(document, schema['contains'], depth + 1)}"
    if phrases and "object" in types and "propertyNames" in schema:
        phrases[-1] += f", each key {_phrase(document, schema['propertyNames'], depth + 1)}"
    return _joined(phrases) if phrases else "anything"


def _typed(name: str, schema: Mapping[str, Any]) -> str:
    phrase = _TYPES.get(name, name)
    if name == "string" and "format" in schema:
        phrase = _FORMATS.get(schema["format"], f"a string of the format {schema['format']}")
    elif name == "object" and "title" in schema and "properties" in schema:  # others are titled after their field
        phrase = f"`{schema['title']}`"
    return ", ".join([phrase, *_limits(name, schema)])


def _limits(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for type_, keyword, words in (
        ("number", "minimum", "at least {}"),
        ("number", "exclusiveMinimum", "more than {}"),
        ("number", "maximum", "at most {}"),
        ("number", "exclusiveMaximum", "less than {}"),
        ("number", "multipleOf", "a multiple of {}"),
    ):
        if keyword in schema and type_ == ("number" if name == "integer" else name):
            yield words.format(schema[keyword])
    for type_, keyword, noun in (
        ("string", "Length", "character"),
        ("array", "Items", "item"),
        ("object", "Properties", "field"),
    ):
        if type_ == name:
            yield from _counts(schema.get(f"min{keyword}"), schema.get(f"max{keyword}"), noun)
    if name == "string" and schema.get("format") == "decimal":
        if "allOf" in schema or schema.get("pattern") not in (decimals.WRITTEN, decimals.READ):
            yield "a decimal number within limits"
    elif name == "string" and "pattern" in schema and "format" not in schema:  # in one word instead of many signs
        yield f"matching {_shortened(schema['pattern'])}"
    if name == "array" and schema.get("uniqueItems") is True:
        yield "no two items equal"


def _counts(least: int | None, most: int | None, noun: str) -> Iterator[str]:
    if least is not None and least == most:
        yield f"exactly {_number(least, noun)}"
        return
    if least is not None:
        yield f"at least {_number(least, noun)}"
    if most is not None:
        yield f"at most {_number(most, noun)}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shortened(pattern: str) -> str:
    return pattern if len(pattern) <= _LONGEST_PATTERN else f"{pattern[:_LONGEST_PATTERN]}..."


def _joined(phrases: list[str], prefix: str = "") -> str:
    distinct = list(dict.fromkeys(phrases))
    if len(distinct) < _PAIR:
        return "".join(distinct)
    if len(distinct) > _MOST:
        return f"{prefix}{', '.join(distinct[:_MOST])} and {len(distinct) - _MOST} more"
    return f"{prefix if len(distinct) > _PAIR else ''}{', '.join(distinct[:-1])} or {distinct[-1]}"
