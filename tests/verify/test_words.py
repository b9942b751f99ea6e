"""Schemas in words, and values as text."""

import pytest

from eventkit.verify.words import describe, field_name, json_text, values

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
        ({"type": "string", "minLength": 1, "pattern": "^a"}, "a string, at least 1 characters, matching ^a"),
        ({"type": "array", "uniqueItems": True, "maxItems": 3}, "a list, at most 3 items, no two items equal"),
        ({"type": "object"}, "an object"),
        ({"type": "object", "title": "Card"}, "`Card`"),
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
        ("#/required", "anything"),
        ("#/properties/unknown", "anything"),
        ("#/properties/either/anyOf/7", "a string or null"),
    ],
)
def test_the_innermost_schema_on_the_way_of_a_pointer_is_described(pointer, words) -> None:
    assert describe(DOCUMENT, pointer) == words


def test_the_values_of_an_enum_are_listed_through_references() -> None:
    assert values(DOCUMENT, "#/properties/status") == ["paid", "held"]
    assert values(DOCUMENT, "#/properties/amount") is None


def test_json_shows_letters_and_escapes_what_cannot_be_seen() -> None:
    assert json_text({"a": "grün\x1b[31m\u202e\ud800"}) == '{"a": "grün\\u001b[31m\\u202e\\ud800"}'


def test_the_name_of_a_field_is_the_last_step_of_its_path() -> None:
    assert field_name("/items/*/a~1b~0c") == "a/b~c"
    assert field_name("") == ""
