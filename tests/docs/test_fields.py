"""The fields of an event as rows."""

from typing import Any

import pytest
from hypothesis import given, settings

from eventkit.docs.fields import fields_of
from eventkit.schema import MISSING
from tests.docs.contracts import OrderCreatedEvent, contracts


def paths(schema: dict[str, Any] | bool) -> list[str]:
    return [field.path for field in fields_of(schema)]


def test_a_row_says_what_a_field_is_and_whether_it_is_there() -> None:
    rows = {field.path: field for field in fields_of(OrderCreatedEvent.read_schema())}

    assert list(rows) == ["order_id", "items", "items[].sku", "items[].price", "note"]
    assert (rows["order_id"].words, rows["order_id"].required) == ("a string", True)
    assert rows["items[].price"].description == "In cents."
    assert (rows["note"].required, rows["note"].default) == (False, None)
    assert rows["order_id"].default is MISSING


def test_listed_values_are_all_there() -> None:
    (field,) = fields_of({"properties": {"size": {"$ref": "#/$defs/Size"}}, "$defs": {"Size": {"enum": [*"abcdef"]}}})

    assert field.values == tuple("abcdef")


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"a": {"items": {"type": "string"}}}}, ["a", "a[]"]),
        ({"properties": {"a": {"prefixItems": [{"properties": {"x": True}}, True]}}}, ["a", "a[0].x", "a[1]"]),
        ({"properties": {"a": {"additionalProperties": {"type": "string"}}}}, ["a", "a{}"]),
        ({"properties": {"a": {"patternProperties": {"^b/": {"type": "string"}}}}}, ["a", "a{}"]),
        ({"properties": {"a": {"additionalProperties": False}}}, ["a"]),
        ({"allOf": [{"properties": {"a": True}}, {"properties": {"b": True}}]}, ["a", "b"]),
        ({"properties": {"a": {"anyOf": [{"properties": {"x": True}}, {"type": "null"}]}}}, ["a", "a.x"]),
        (
            {
                "properties": {
                    "a": {"oneOf": [{"title": "Card", "properties": {"x": True}}, {"properties": {"y": True}}]}
                }
            },
            ["a", "a<Card>.x", "a<2>.y"],
        ),
        ({"properties": {"a/b": {"properties": {"~": True}}}}, ["a/b", "a/b.~"]),
        (True, []),
    ],
)
def test_what_is_inside_has_a_path_of_its_own(schema: dict[str, Any] | bool, expected: list[str]) -> None:
    assert paths(schema) == expected


def test_a_recursive_schema_is_entered_once_on_a_path() -> None:
    node = {"properties": {"child": {"$ref": "#/$defs/Node"}, "id": True}}

    assert paths({"$ref": "#/$defs/Node", "$defs": {"Node": node}}) == ["child", "id"]
    assert paths({"properties": {"a": {"$ref": "#"}}}) == ["a"]


def test_a_schema_with_more_paths_than_could_ever_be_walked_ends_with_what_fits() -> None:
    def layers(template: str) -> dict[str, Any]:
        definitions: dict[str, Any] = {"S200": {"properties": {"end": True}}}
        for n in range(200):
            reference = {"$ref": f"#/$defs/S{n + 1}"}
            definitions[f"S{n}"] = (
                {template: [reference, reference]}
                if template == "anyOf"
                else {"properties": {"a": reference, "b": reference}}
            )
        return {"$ref": "#/$defs/S0", "$defs": definitions}

    assert len(paths(layers("properties"))) == 500
    assert paths(layers("anyOf")) == []


@pytest.mark.parametrize("schema", [{"properties": 3}, {"enum": "a"}, {"type": 7}, {"required": 1}, {"anyOf": {}}])
def test_a_schema_that_is_not_well_formed_has_no_fields(schema: dict[str, Any]) -> None:
    assert fields_of(schema) == []


@settings(max_examples=25)
@given(contracts(same_definitions=True))
def test_any_schema_can_be_shown(contract: Any) -> None:
    for message in (*contract.publishes, *contract.handles):
        for field in fields_of(message.schema):
            assert field.words
