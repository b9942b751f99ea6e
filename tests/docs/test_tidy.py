"""Schemas in the order in which people read them."""

from typing import Any

from eventkit.docs.tidy import tidy


def test_what_it_is_comes_before_what_it_is_made_of() -> None:
    schema = {"properties": {"a": {"type": "string", "title": "Letter"}}, "minProperties": 1, "title": "T", "$defs": {}}

    assert str(tidy(schema)) == str(
        {"title": "T", "minProperties": 1, "properties": {"a": {"title": "Letter", "type": "string"}}, "$defs": {}}
    )


def test_a_title_that_repeats_the_name_of_a_property_is_left_out() -> None:
    schema: dict[str, Any] = {
        "properties": {"order_id": {"title": "Order Id"}, "x": {"title": "Order Id"}},
        "items": {"title": "Items"},
    }

    assert tidy(schema) == {"properties": {"order_id": {}, "x": {"title": "Order Id"}}, "items": {"title": "Items"}}


def test_data_is_left_as_it_is() -> None:
    schema = {"default": {"properties": {"a": {"title": "A"}}}, "enum": [{"title": "b", "$ref": "a"}]}

    assert str(tidy(schema)) == str({"enum": schema["enum"], "default": schema["default"]})
