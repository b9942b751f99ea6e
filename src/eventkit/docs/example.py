"""An example event, made from its schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from eventkit.discovery.asyncapi.text import unescape
from eventkit.schema import MISSING, compare
from eventkit.schema.values import Json

_MOST_LEVELS: Final = 12
_MOST_VALUES: Final = 2_000
_BUDGET: Final = 20_000
_FORMATS: Final = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T09:30:00Z",
    "duration": "PT30M",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "09:30:00Z",
    "uri": "https://example.com/",
    "uuid": "0198c5f0-7a4e-7b1c-9d3e-2f6a8b4c1d5e",
}
# What a text is, where its schema says no more than that it is one: amounts are texts on the wire.
_NAMES: Final = (
    (re.compile(r"(.+)_ids?"), "{}-1"),
    (re.compile(r"(?:.+_)?(?:amount|price|total|balance|cost|credits|fee|rate)(?:_.+)?"), "12.50"),
)


def example_of(schema: dict[str, Any] | bool) -> Json:
    """Return an event that the schema accepts, such as people would write; MISSING where none is found.

    The values are those that the schema gives as examples, defaults or choices where it does.
    """
    if isinstance(schema, bool):
        return MISSING
    friendly = _Maker(schema).make(schema, "", 0)
    if _accepts(schema, friendly):
        return friendly
    return _any_accepted(schema)


def _accepts(schema: dict[str, Any], value: Json) -> bool:
    return value is not MISSING and compare({"const": value}, schema, budget=_BUDGET).verdict == "compatible"


def _any_accepted(schema: dict[str, Any]) -> Json:
    """Return what the schema accepts and the schema of nothing does not."""
    return compare(schema, False, budget=_BUDGET).counterexample


class _Maker:
    """Makes a value for one schema after the other; what does not fit together is found out by `_accepts`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = _MOST_VALUES

    def make(self, schema: Any, name: str, level: int) -> Json:
        """Return a value of a schema; MISSING where there is none, or it lies too deep."""
        self._left -= 1
        schema = self._followed(schema)
        if schema is True:
            return {}
        if not isinstance(schema, Mapping) or level > _MOST_LEVELS or self._left < 0:
            return MISSING
        given = _given(schema)
        if given is not MISSING:
            return given
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list):
                return self._branch(branches, name, level)
        return self._typed(schema, name, level)

    def _branch(self, branches: list[Any], name: str, level: int) -> Json:
        """Return a value of the first branch that has one, null only where nothing else is left."""
        made = (self.make(branch, name, level + 1) for branch in branches)
        values = [value for value in made if value is not MISSING]
        return next((value for value in values if value is not None), values[0] if values else MISSING)

    def _typed(self, schema: Mapping[str, Any], name: str, level: int) -> Json:
        types = schema.get("type", "object")
        first = next((type_ for type_ in types if type_ != "null"), "null") if isinstance(types, list) else types
        if first == "object":
            return self._object(schema, level)
        if first == "array":
            return self._array(schema, name, level)
        if first == "string":
            return _string(schema, name)
        if first in ("integer", "number"):
            return _number(schema, first)
        return {"boolean": True, "null": None}.get(str(first), MISSING)

    def _object(self, schema: Mapping[str, Any], level: int) -> Json:
        made: dict[str, Json] = {}
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else []:
            value = self.make(part, "", level + 1)
            made |= value if isinstance(value, dict) else {}
        properties = schema.get("properties")
        for name, child in properties.items() if isinstance(properties, Mapping) else ():
            made[name] = self.make(child, name, level + 1)
        extra = schema.get("additionalProperties")
        if not made and isinstance(extra, Mapping):
            made["name"] = self.make(extra, "value", level + 1)
        return {name: value for name, value in made.items() if value is not MISSING}

    def _array(self, schema: Mapping[str, Any], name: str, level: int) -> Json:
        prefix = schema.get("prefixItems")
        items = [self.make(item, name, level + 1) for item in prefix] if isinstance(prefix, list) else []
        if not items and isinstance(schema.get("items"), Mapping) and schema.get("maxItems") != 0:
            items = [self.make(schema["items"], name.removesuffix("s"), level + 1)]
        return [item for item in items if item is not MISSING]

    def _followed(self, schema: Any) -> Any:
        for _ in range(_MOST_LEVELS):
            if not isinstance(schema, Mapping) or "$ref" not in schema:
                break
            schema = self._at(schema["$ref"])
        return schema

    def _at(self, reference: Any) -> Any:
        node: Any = self._document
        for step in str(reference).split("/")[1:]:
            node = node.get(unescape(step)) if isinstance(node, Mapping) else None
        return node


def _given(schema: Mapping[str, Any]) -> Json:
    """Return the value that the schema itself shows; MISSING where it shows none."""
    for keyword in ("examples", "enum"):
        values = schema.get(keyword)
        if isinstance(values, list) and values:
            return values[0]
    if "const" in schema:
        return schema["const"]
    # A default of null stands for what is left out: an example shows what is there.
    default = schema.get("default")
    return MISSING if default is None else default


def _string(schema: Mapping[str, Any], name: str) -> Json:
    named = (words.format(*found.groups()) for pattern, words in _NAMES if (found := pattern.fullmatch(name)))
    text = _FORMATS.get(str(schema.get("format"))) or next(named, name.replace("_", " "))
    limits = {key: schema[key] for key in ("type", "pattern", "minLength", "maxLength", "format") if key in schema}
    return text if _accepts(limits, text) else _any_accepted(limits)


def _number(schema: Mapping[str, Any], type_: str) -> Json:
    limits = ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    wanted = {key: schema[key] for key in limits if key in schema}
    value = 1 if type_ == "integer" else 1.5
    return value if _accepts(wanted, value) else _any_accepted(wanted)
