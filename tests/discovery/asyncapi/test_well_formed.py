"""Schemas that are none, and where."""

from typing import Any

import pytest

from eventkit.discovery.asyncapi.well_formed import fault_of


@pytest.mark.parametrize(
    ("schema", "pointer", "path"),
    [
        ({"type": "decimal"}, "/type", ""),
        ({"properties": {"a/b": {"items": {"minLength": -1}}}}, "/properties/a~1b/items/minLength", "/a~1b/*"),
        ({"properties": []}, "/properties", ""),
        ({"$defs": {"A": {"properties": {"a": {"enum": 1}}}}}, "/$defs/A/properties/a/enum", ""),
        ({"allOf": [{"properties": {"a": 1}}]}, "/allOf/0/properties/a", ""),
        ({"exclusiveMinimum": True}, "/exclusiveMinimum", ""),
        ({"properties": {"a": {"items": {"pattern": "(["}}}}, "/properties/a/items/pattern", "/a/*"),
        ({"patternProperties": {"a/(": {}}}, "/patternProperties/a~1(", ""),
        ({"anyOf": [{"pattern": "^a$"}, {"pattern": "a{2,1}"}]}, "/anyOf/1/pattern", ""),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "required": "a"}, "/required", ""),
    ],
)
def test_the_fault_and_its_field_are_told(schema: dict[str, Any], pointer: str, path: str) -> None:
    fault = fault_of(schema)

    assert fault
    assert (fault.pointer, fault.path) == (pointer, path)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": ["string", "null"], "discriminator": "kind", "example": 3},
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]},
        {"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": True, "minimum": 1},
        {"properties": {"pattern": {"const": {"pattern": "("}}}, "examples": [{"pattern": "("}]},
        {"pattern": "(?<=a)b", "patternProperties": {"^x-": {"pattern": "(" * 2_500 + ")" * 2_500}}},
        # Nothing is fetched to learn what a dialect means.
        {"$schema": "https://schemas.example/mine", "type": "decimal"},
        {"properties": {"a": {"$schema": "https://schemas.example/mine"}}},
    ],
)
def test_what_is_well_formed_or_not_known_has_none(schema: dict[str, Any] | bool) -> None:
    assert fault_of(schema) is None


def test_a_long_value_is_not_repeated_in_full() -> None:
    fault = fault_of({"type": "decimal" * 1_000})

    assert fault
    assert len(fault.text) < 210
