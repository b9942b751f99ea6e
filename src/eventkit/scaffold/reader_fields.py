"""The fields that a reader model begins with, where the publisher's schema is known."""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eventkit.contract import decimals
from eventkit.contract.event import Event

_ANNOTATIONS: Final[Mapping[str, tuple[str, Any]]] = {
    "string": ("str", "x"),
    "integer": ("int", 1),
    "number": ("float", 1.5),
    "boolean": ("bool", True),
}
_TIME: Final = ("AwareDatetime", "2026-01-31T12:00:00Z")
_DECIMAL: Final = ("Decimal", "12.50")
_TYPES: Final = frozenset(annotation for annotation, _ in (*_ANNOTATIONS.values(), _TIME, _DECIMAL))


@dataclass(frozen=True, slots=True)
class ReaderField:
    """One field of a reader model.

    Args:
        name: Its name.
        annotation: Its type, as it is written in the code.
        description: What it means, as the publisher says; empty where the publisher does not.
        example: A value, as it is sent.
    """

    name: str
    annotation: str
    description: str
    example: Any

    @property
    def nullable(self) -> bool:
        """Whether null may be sent. A reader takes a field that is missing for the same."""
        return self.annotation.endswith(" | None")


def reader_fields(schema: Mapping[str, Any] | bool) -> tuple[tuple[ReaderField, ...], tuple[str, ...]]:
    """Choose fields for a reader model.

    Args:
        schema: The JSON Schema of what the publisher sends.

    Returns:
        The fields that are always sent and have a plain type, and the names of all others.
    """
    if isinstance(schema, bool):
        return (), ()
    properties: Mapping[str, Any] = schema.get("properties", {})
    always = schema.get("required", ())
    fields, others = [], []
    for name, each in properties.items():
        kind = _plain(each, schema) if name in always and _is_attribute(name) else None
        if kind is None:
            others.append(name)
        else:
            description = " ".join(str(each.get("description", "")).split())
            fields.append(ReaderField(name, kind[0], textwrap.shorten(description, 80, placeholder=" ..."), kind[1]))
    return tuple(fields), tuple(others)


def _plain(schema: Any, root: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the annotation and an example for a type that a reader can take as it is; None for any other."""
    if not isinstance(schema, Mapping):
        return None
    reference = schema.get("$ref", "")
    if reference.startswith("#/$defs/"):
        return _plain(root.get("$defs", {}).get(reference.removeprefix("#/$defs/")), {})
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1 and len(schema["anyOf"]) == 2:
        kind = _plain(options[0], root)
        return None if kind is None else (f"{kind[0]} | None", kind[1])
    if schema.get("type") == "string" and schema.get("format") == "date-time":
        return _TIME
    if schema.get("type") == "string" and schema.get("pattern") == decimals.WRITTEN:
        return _DECIMAL
    kind = _ANNOTATIONS.get(str(schema.get("type")))
    # An example that the publisher would not send is none.
    return (kind[0], schema["enum"][0]) if kind and schema.get("enum") else kind


def _is_attribute(name: str) -> bool:
    # Neither an attribute that every event has nor the name of a type: the annotations below it would mean the field.
    taken = keyword.iskeyword(name) or hasattr(Event, name) or name in _TYPES
    return name.isidentifier() and name.isascii() and not name.startswith("_") and not taken
