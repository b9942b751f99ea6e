"""Example events."""

from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from eventkit.contract.event import Event
from eventkit.docs.example import example_of
from eventkit.schema import MISSING
from tests.docs.contracts import OrderCreatedEvent, contracts


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Shown(Event, type="shirt.ordered"):
    shirt_id: str
    size: Size
    colour: str = "green"
    total_amount: Decimal
    note_to_tailor: str | None = None


def test_an_example_looks_like_an_event() -> None:
    assert example_of(Shown.sent_schema()) == {
        "shirt_id": "shirt-1",
        "size": "small",
        "colour": "green",
        "total_amount": "12.50",
        "note_to_tailor": "note to tailor",
    }


def test_what_is_inside_is_shown_too() -> None:
    assert example_of(OrderCreatedEvent.sent_schema()) == {
        "order_id": "order-1",
        "items": [{"sku": "sku", "price": 1}],
        "note": "note",
    }


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["a"]}, "a"),
        ({"const": None}, None),
        ({"type": "string", "format": "date-time"}, "2026-01-15T09:30:00Z"),
        ({"type": "integer", "minimum": 10}, 10),
        ({"type": "number"}, 1.5),
        ({"type": ["null", "boolean"]}, True),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 0}, []),
        ({"additionalProperties": {"type": "integer"}}, {"name": 1}),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"type": "object", "properties": {"child": {"$ref": "#"}}, "maxProperties": 0}, {}),
    ],
)
def test_an_example_follows_what_the_schema_says(schema: dict[str, Any], example: object) -> None:
    assert example_of(schema) == example


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        {"not": {}},
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"const": 3}]}}},
    ],
)
def test_where_there_is_nothing_to_show_nothing_is_shown(schema: dict[str, Any] | bool) -> None:
    assert example_of(schema) is MISSING


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "integer", "exclusiveMinimum": 7, "multipleOf": 5},
        {"type": "string", "pattern": "^(a+)+$", "minLength": 40},
    ],
)
def test_what_people_would_write_gives_way_to_what_is_accepted(schema: dict[str, Any]) -> None:
    assert Draft202012Validator(schema).is_valid(example_of(schema))


@given(contracts(same_definitions=True))
def test_every_example_is_accepted_by_its_schema(contract: Any) -> None:
    for message in (*contract.publishes, *contract.handles):
        example = example_of(message.schema)
        assert example is MISSING or Draft202012Validator(message.schema).is_valid(example)
