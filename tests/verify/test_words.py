"""Schemas in words, and values as text."""

from decimal import Decimal

import pytest
from pydantic import Field

from eventkit import Event
from eventkit.verify.words import describe, field_name, json_text, tags, values

DOCUMENT = {
    "$defs": {
        "Status": {"enum": ["paid", "held"]},
        "Loop": {"$ref": "#/$defs/Loop"},
        "a/b": {"type": "boolean"},
        "Item": {"type": "object", "title": "Item", "properties": {"enum": {"type": "null"}}},
    },
    "properties": {
        "status": {"$ref": "#/$defs/Status"},
        "amount": {"type": "integer", "minimum": 1},
        "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}, "prefixItems": [{"const": 1}]},
    },
    "required": ["status"],
}


class Amounts(Event, type="amounts.told"):
    any: Decimal
    bounded: Decimal = Field(ge=0)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (True, "anything"),
        (False, "nothing"),
        ({}, "anything"),
        ({"type": "integer"}, "an integer"),
        ({"type": ["string", "null"]}, "a string or null"),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 9}, "an integer, at least 1, less than 9"),
        ({"type": "number", "multipleOf": 0.5, "maxLength": 3}, "a number, a multiple of 0.5"),
        ({"type": "string", "format": "date-time"}, "a date and time"),
        ({"type": "string", "format": "iban"}, "a string of the format iban"),
        ({"type": "string", "format": "date-time-local"}, "a date and time without a zone"),
        ({"type": "string", "minLength": 1, "pattern": "^a"}, "a string, at least 1 character, matching ^a"),
        ({"type": "string", "pattern": "a" * 99}, f"a string, matching {'a' * 60}..."),
        ({"type": "array", "uniqueItems": True, "maxItems": 3}, "a list, at most 3 items, no two items equal"),
        ({"type": "array", "minItems": 2, "maxItems": 2}, "a list, exactly 2 items"),
        ({"type": "array", "contains": {"const": "main"}}, 'a list, at least one item "main"'),
        ({"type": "object"}, "an object"),
        ({"type": "object", "title": "Card", "properties": {}}, "`Card`"),
        ({"type": "object", "title": "Titled after its field"}, "an object"),
        (
            {"type": "object", "maxProperties": 9, "propertyNames": {"format": "date"}},
            "an object, at most 9 fields, each key a date",
        ),
        ({"format": "duration"}, "a duration"),
        ({"minimum": 1}, "a number, at least 1"),
        ({"const": None}, "null"),
        ({"enum": ["a", "b"]}, '"a" or "b"'),
        ({"enum": ["a", "b", "c"]}, 'one of "a", "b" or "c"'),
        ({"enum": [1, 2, 3, 4, 5, 6]}, "one of 1, 2, 3, 4 and 2 more"),
        ({"anyOf": [{"type": "integer"}, {"type": "integer"}, {"type": "null"}]}, "an integer or null"),
    ],
)
def test_a_schema_in_words(schema, words) -> None:
    assert describe(schema, "#") == words


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        ("#/properties/status", '"paid" or "held"'),
        ("#/properties/amount/minimum", "an integer, at least 1"),
        ("#/properties/either/anyOf/1", "null"),
        ("#/properties/items/items", "`Item`"),
        ("#/properties/items/prefixItems/0", "1"),
        ("#/$defs/Status/enum", '"paid" or "held"'),
        ("#/$defs/Item/properties/enum", "null"),
        ("#/$defs/a~1b", "a boolean"),
        ("#/$defs/Loop", "anything"),
        ("#/required", "an object"),
        ("#/properties/unknown", "an object"),
        ("#/properties/either/anyOf/7", "a string or null"),
    ],
)
def test_the_innermost_schema_on_the_way_of_a_pointer_is_described(pointer, words) -> None:
    assert describe(DOCUMENT, pointer) == words


def test_the_values_of_an_enum_are_listed_through_references() -> None:
    assert values(DOCUMENT, "#/properties/status") == ["paid", "held"]
    assert values(DOCUMENT, "#/properties/amount") is None


def test_models_are_called_by_their_definitions_where_they_have_no_title() -> None:
    document = {"$ref": "#/$defs/Card", "$defs": {"Card": {"type": "object", "properties": {"n": {}}}}}

    assert describe(document, "#") == "`Card`"


def test_limits_of_decimals_are_not_shown_as_their_patterns() -> None:
    for schema, either in ((Amounts.sent_schema(), ""), (Amounts.read_schema(), "a number or ")):
        least = "a number, at least 0.0 or " if either else ""
        assert describe(schema, "#/properties/any") == f"{either}a string"
        assert describe(schema, "#/properties/bounded") == f"{least}a string, a decimal number within limits"


def test_the_tags_of_a_union_are_those_of_its_branches() -> None:
    document = {
        "$defs": {"Card": {"properties": {"kind": {"const": "card"}}}},
        "properties": {
            "method": {"oneOf": [{"$ref": "#/$defs/Card"}, {"properties": {"kind": {"enum": ["iban", "sepa"]}}}]},
            "other": {"oneOf": [True, {"properties": {}}]},
        },
    }

    assert tags(document, "#/properties/method/oneOf", "kind") == ["card", "iban", "sepa"]
    assert tags(document, "#/$defs/Card", "kind") == ["card"]
    assert tags(document, "#/properties/other", "kind") == []


def test_json_shows_letters_and_escapes_what_cannot_be_seen() -> None:
    assert json_text({"a": "grün\x1b[31m\u202e\ud800"}) == '{"a": "grün\\u001b[31m\\u202e\\ud800"}'


def test_the_name_of_a_field_is_the_last_step_of_its_path() -> None:
    assert field_name("/items/*/a~1b~0c") == "a/b~c"
    assert field_name("") == ""
