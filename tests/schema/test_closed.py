"""The policy for closed publishers: fields that are not declared are not sent."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare

STRING = {"type": "string"}
A = {"type": "object", "properties": {"a": STRING}}
B = {"type": "object", "properties": {"b": STRING}}
STRICT = {"additionalProperties": False}

CLOSED: dict[str, tuple[Any, Any]] = {
    "an optional field of another type": (A, {"properties": {"b": {"type": "integer"}}}),
    "a field that is forbidden": (A, A | STRICT),
    "below": ({"properties": {"x": A}, "type": "object"}, {"properties": {"x": A | STRICT}}),
    "items": ({"type": "array", "items": A}, {"items": A | STRICT}),
    "a reference": ({"$defs": {"A": A}, "$ref": "#/$defs/A"}, A | STRICT),
    "each branch of a union": ({"anyOf": [A, B]}, {"anyOf": [A | STRICT, B | STRICT]}),
    "all conjuncts together": ({"allOf": [A, B]}, {"properties": {"a": True, "b": True}, **STRICT}),
    "a model without fields": ({"type": "object", "properties": {}}, {"maxProperties": 0}),
    "patterns of keys": ({"type": "object", "patternProperties": {"^a": STRING}}, {"propertyNames": {"pattern": "^a"}}),
}

OPEN: dict[str, tuple[Any, Any]] = {
    "a dict": ({"type": "object"}, {"maxProperties": 0}),
    "extra fields are stated": (A | {"additionalProperties": True}, A | STRICT),
    "extra fields of a type": (A | {"additionalProperties": STRING}, A | STRICT),
    "any value": ({"properties": {"x": {}}, "type": "object"}, {"properties": {"x": A}}),
}


@pytest.mark.parametrize(("publisher", "subscriber"), CLOSED.values(), ids=CLOSED)
@pytest.mark.parametrize("dialect", ["2020-12", "draft-07"])
def test_undeclared_fields_are_not_sent(publisher: Any, subscriber: Any, dialect: Any) -> None:
    assert compare(publisher, subscriber, dialect=dialect).verdict == "incompatible"
    closed = compare(publisher, subscriber, closed_publisher=True, dialect=dialect)
    assert (closed.verdict, closed.reason) == ("compatible", None)


def test_what_stands_beside_a_reference_is_closed_with_it() -> None:
    publisher = {"$defs": {"A": A}, "$ref": "#/$defs/A", "properties": {"b": STRING}}
    subscriber = {"properties": {"a": True, "b": True}, **STRICT}
    assert compare(publisher, subscriber, closed_publisher=True).verdict == "compatible"
    assert compare(publisher, B | STRICT, closed_publisher=True).verdict == "incompatible"


@pytest.mark.parametrize(("publisher", "subscriber"), OPEN.values(), ids=OPEN)
def test_what_is_stated_stays(publisher: Any, subscriber: Any) -> None:
    assert compare(publisher, subscriber, closed_publisher=True).verdict == "incompatible"


def test_a_closed_publisher_sends_a_part_of_what_its_schema_allows() -> None:
    overlapping = {"oneOf": [A, B]}
    assert compare(overlapping, overlapping | {"title": "the same"}, closed_publisher=True).verdict == "compatible"
    assert compare(overlapping, {"not": {"required": ["a"]}}, closed_publisher=True).verdict == "compatible"


def test_subscribers_stay_open() -> None:
    assert compare(A | {"properties": {"a": STRING, "b": STRING}}, A, closed_publisher=True).verdict == "compatible"
