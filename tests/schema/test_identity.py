"""Schemas that both sides share: they are not looked into, however hard they are to decide."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare
from eventkit.schema.nodes import Node

HARD: dict[str, Any] = {"type": "string", "pattern": "(?<=a)b"}
"""Look-behind is not decided."""


def verdict(publisher: Any, subscriber: Any, dialect: Any = "2020-12") -> str:
    return compare(publisher, subscriber, dialect=dialect).verdict


def model(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


@pytest.mark.parametrize(
    "subscriber",
    [
        {"properties": {"b": HARD, "a": HARD}, "required": ["b", "a"], "type": "object"},
        model(a=HARD | {"title": "A", "x-vendor": [1]}, b=HARD),
        model(a=HARD, b=HARD) | {"$defs": {"Unused": {"type": "null"}}},
    ],
    ids=["another order", "annotations", "unused definitions"],
)
def test_what_does_not_assert_makes_no_difference(subscriber: Any) -> None:
    assert verdict(model(a=HARD, b=HARD), subscriber) == "compatible"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (model(a={"enum": [1]}), model(a={"enum": [True]})),
        (model(a={"type": "string"}), model(a={"type": "string"}, b={})),
        (model(a={"items": {"minimum": 1}}), model(a={"items": {"minimum": 2}})),
        (model(a={"anyOf": [{"type": "null"}, HARD]}), model(a={"anyOf": [HARD]})),
    ],
)
def test_what_asserts_makes_a_difference(one: Any, other: Any) -> None:
    assert verdict(one, other) == "incompatible"


def test_references_are_the_same_only_if_what_they_lead_to_is() -> None:
    there = model(a={"$ref": "#/$defs/A"})
    assert verdict(there | {"$defs": {"A": HARD}}, there | {"$defs": {"A": HARD | {"title": "A"}}}) == "compatible"
    assert (
        verdict(there | {"$defs": {"A": {"type": "string"}}}, there | {"$defs": {"A": {"type": "null"}}})
        == "incompatible"
    )


def test_recursive_schemas_are_the_same_unless_something_in_them_differs() -> None:
    def tree(leaf: Any, title: str) -> dict[str, Any]:
        return {"title": title, **model(leaf=leaf), "additionalProperties": {"$ref": "#"}}

    assert verdict(tree(HARD, "one"), tree(HARD, "other")) == "compatible"
    assert verdict(tree({"type": "string"}, "one"), tree({"type": "null"}, "other")) == "incompatible"


def test_a_reference_out_of_the_document_leads_to_the_same_schema_on_both_sides() -> None:
    def outside(uri: str, **more: Any) -> dict[str, Any]:
        return {"properties": {"a": {"$ref": uri}}, **more}

    assert verdict(outside("https://example.com/a"), outside("https://example.com/a", title="A")) == "compatible"
    assert verdict(outside("https://example.com/a"), outside("https://example.com/b")) == "unknown"
    assert verdict(outside("a.json"), outside("a.json", title="A")) == "unknown"  # from where is not known
    one, other = (outside("a.json", **{"$id": f"https://example.com/{name}/"}) for name in ("v1", "v2"))
    assert verdict(one, one | {"title": "A"}) == "compatible"
    assert verdict(one, other) == "unknown"


def test_the_same_words_in_another_dialect_are_not_the_same() -> None:
    schema = {"items": [{"const": 1}], "minItems": 1}
    new = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    assert verdict(schema, new, "draft-07") != "compatible"


def test_a_field_that_is_read_by_a_chain_of_references_is_decided() -> None:
    """Each reference stands for what it leads to, so that cycles close where they are met, and not 60 levels later."""
    fields = {f"f{number}": {"$ref": "#"} for number in range(100)}
    publisher = {"type": "object", "properties": {**fields, "a": {"type": "integer"}}, "additionalProperties": False}
    subscriber = {"type": "object", "properties": {**fields, "a": {"type": "number"}}}
    assert verdict(publisher, subscriber) == "compatible"


def test_a_field_that_both_sides_share_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Node._parse
    monkeypatch.setattr(Node, "_parse", lambda node: (parsed.append(node.pointer), parse(node))[1])
    shared = model(street={"type": "string", "maxLength": 80})

    found = verdict(model(address=shared, count={"type": "integer"}), model(count={"type": "number"}, address=shared))

    assert found == "compatible"
    assert "#/properties/count" in parsed
    assert not any(pointer.startswith("#/properties/address") for pointer in parsed)
