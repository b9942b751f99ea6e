"""The fields of an event as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from eventkit.discovery.asyncapi.text import escape, unescape
from eventkit.schema import MISSING
from eventkit.schema.values import Json
from eventkit.verify.words import describe, values

_MOST_ROWS: Final = 500
_MOST_LEVELS: Final = 30
_MOST_VISITS: Final = 5_000
"""Schemas that are entered: few rows can take very many ways through unions of unions."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event.

    Args:
        path: Its path, as `items[].price`; `[]` is any item of a list, `{}` any key of a map.
        words: Its type and constraints in words.
        required: Whether every event has it, or every event that is read must have it.
        description: What it means.
        values: The values that it can have, where they are listed.
        default: What stands for it where it is not there; MISSING where nothing does.
    """

    path: str
    words: str
    required: bool
    description: str = ""
    values: tuple[Json, ...] = ()
    default: Json = MISSING


def fields_of(schema: dict[str, Any] | bool) -> list[Field]:
    """Return the fields that a schema declares, outer ones before those inside them.

    Where schemas are recursive, each is entered once on a path; an event of very many fields ends with what fits. A
    schema that is not well formed has no fields.
    """
    if not jsonschema_rs.meta.is_valid(schema):
        return []
    rows: list[Field] = []
    for row in _Walk(schema).inside("#", "", frozenset()):
        if len(rows) == _MOST_ROWS:
            break
        rows.append(row)
    return rows


class _Walk:
    def __init__(self, document: dict[str, Any] | bool) -> None:
        self._document = document
        self._visits = 0

    def inside(self, pointer: str, path: str, entered: frozenset[str]) -> Iterator[Field]:
        """Yield the fields of what stands at a path and is described by the schema at a pointer."""
        pointer, schema = self._followed(pointer)
        self._visits += 1
        if pointer in entered or not isinstance(schema, Mapping):
            return
        if len(entered) > _MOST_LEVELS or self._visits > _MOST_VISITS:
            return
        entered |= {pointer}
        required = schema.get("required", [])
        for name in _keys(schema.get("properties")):
            inner = f"{pointer}/properties/{escape(name)}"
            inner_path = f"{path}.{name}" if path else name
            yield self._field(inner, inner_path, required=name in required)
            yield from self.inside(inner, inner_path, entered)
        for steps, suffix in _containers(schema):
            inner = f"{pointer}/{steps}"
            if suffix:
                yield from self._element(inner, path + suffix, entered)
            else:
                yield from self.inside(inner, path, entered)
        for steps, title in self._branches(pointer, schema):
            yield from self.inside(f"{pointer}/{steps}", f"{path}<{title}>" if title else path, entered)

    def _element(self, pointer: str, path: str, entered: frozenset[str]) -> Iterator[Field]:
        """Yield the elements of a list or map, themselves a row only where no rows of their fields follow."""
        inner = list(self.inside(pointer, path, entered))
        yield from inner or [self._field(pointer, path, required=False)]

    def _field(self, pointer: str, path: str, *, required: bool) -> Field:
        own = self._at(pointer)
        _, followed = self._followed(pointer)
        schemas = [schema for schema in (own, followed) if isinstance(schema, Mapping)]
        descriptions = (schema["description"] for schema in schemas if isinstance(schema.get("description"), str))
        return Field(
            path=path,
            words=describe(self._document, pointer),
            required=required,
            description=next(descriptions, ""),
            values=tuple(values(self._document, pointer) or ()),
            default=next((schema["default"] for schema in schemas if "default" in schema), MISSING),
        )

    def _branches(self, pointer: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the branches of a union that have fields, with a name each unless there is but one."""
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if not isinstance(branches, list):
                continue
            followed = [self._followed(f"{pointer}/{keyword}/{index}")[1] for index in range(len(branches))]
            composed = [index for index, branch in enumerate(followed) if _has_fields(branch)]
            for index in composed:
                title = followed[index].get("title") or str(index + 1)
                yield f"{keyword}/{index}", str(title) if len(composed) > 1 else ""

    def _at(self, pointer: str) -> Any:
        node: Any = self._document
        for step in pointer.split("/")[1:]:
            name = unescape(step)
            if isinstance(node, Mapping):
                node = node.get(name, True)
            elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                return True
        return node

    def _followed(self, pointer: str) -> tuple[str, Any]:
        """Return the schema at a pointer, or what its references lead to, with the pointer of that."""
        seen = {pointer}
        schema = self._at(pointer)
        while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str) and schema["$ref"] not in seen:
            pointer = schema["$ref"]
            seen.add(pointer)
            schema = self._at(pointer)
        return pointer, schema


def _containers(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the schemas of elements and parts, each with what it adds to the path."""
    for index in range(len(schema["allOf"]) if isinstance(schema.get("allOf"), list) else 0):
        yield f"allOf/{index}", ""
    for index in range(len(schema["prefixItems"]) if isinstance(schema.get("prefixItems"), list) else 0):
        yield f"prefixItems/{index}", f"[{index}]"
    if isinstance(schema.get("items"), Mapping):
        yield "items", "[]"
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield "additionalProperties", "{}"
    for pattern in _keys(schema.get("patternProperties")):
        yield f"patternProperties/{escape(pattern)}", "{}"


def _has_fields(schema: Any) -> bool:
    composed = ("properties", "items", "prefixItems", "allOf", "anyOf", "oneOf", "patternProperties")
    return isinstance(schema, Mapping) and (
        any(keyword in schema for keyword in composed) or isinstance(schema.get("additionalProperties"), Mapping)
    )


def _keys(members: Any) -> list[str]:
    return list(members) if isinstance(members, Mapping) else []
