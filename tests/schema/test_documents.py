"""References, identifiers and dialects."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def verdict(schema: Any, accepted: Any, **policies: Any) -> str:
    return compare(schema, accepted, **policies).verdict


REFERENCES: dict[str, dict[str, Any]] = {
    "definitions": {"definitions": {"A": STRING}, "$ref": "#/definitions/A"},
    "$defs": {"$defs": {"A": STRING}, "$ref": "#/$defs/A"},
    "any place": {"not": {"not": STRING}, "$ref": "#/not/not"},
    "escaped": {"$defs": {"a/b~c%d": STRING}, "$ref": "#/$defs/a~1b~0c%25d"},
    "anchor": {"$defs": {"A": {"$anchor": "here", **STRING}}, "$ref": "#here"},
    "identifier": {"$defs": {"A": {"$id": "https://example.com/a", **STRING}}, "$ref": "https://example.com/a"},
    "relative identifier": {
        "$id": "https://example.com/root",
        "$defs": {"A": {"$id": "a", "$defs": {"B": STRING}, "$ref": "#/$defs/B"}},
        "$ref": "a",
    },
    "urn": {"$defs": {"A": {"$id": "urn:example:a", **STRING}}, "$ref": "urn:example:a"},
    "dynamic anchor": {
        "$id": "https://example.com/strings",
        "$ref": "list",
        "$defs": {
            "item": {"$dynamicAnchor": "item", **STRING},
            "list": {
                "$id": "list",
                "$dynamicRef": "#item",
                "$defs": {"item": {"$dynamicAnchor": "item", **INTEGER}},
            },
        },
    },
}


@pytest.mark.parametrize("schema", REFERENCES.values(), ids=REFERENCES)
def test_a_reference_is_what_it_leads_to(schema: dict[str, Any]) -> None:
    assert verdict(schema, STRING) == "compatible"
    assert verdict(STRING, schema) == "compatible"
    assert verdict(schema, INTEGER) == "incompatible"


def test_siblings_of_a_reference_count_but_in_draft_7() -> None:
    schema = {"$defs": {"A": STRING}, "$ref": "#/$defs/A", "maxLength": 3}
    assert verdict(schema, {"maxLength": 3}) == "compatible"
    assert verdict(schema, {"maxLength": 3}, dialect="draft-07") == "incompatible"


def test_the_dialect_that_a_schema_names_wins() -> None:
    tuples = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [STRING], "minItems": 1, "type": "array"}
    assert verdict(tuples, {"prefixItems": [STRING]}) == "compatible"
    assert verdict({"prefixItems": [STRING], "minItems": 1, "type": "array"}, tuples) == "compatible"


def test_draft_4_made_bounds_exclusive_by_a_boolean() -> None:
    four = {"$schema": "http://json-schema.org/draft-04/schema#"}
    assert verdict(four | INTEGER | {"minimum": 0, "exclusiveMinimum": True}, {"minimum": 1}) == "compatible"
    assert verdict(four | INTEGER | {"minimum": 0, "exclusiveMinimum": False}, {"minimum": 1}) == "incompatible"
    assert verdict(INTEGER, four | {"const": 1, "contains": STRING, "if": True, "then": False}) == "compatible"
    named = four | {"definitions": {"A": {"id": "#a", **STRING}}, "$ref": "#a"}
    assert verdict(named, STRING) == "compatible"


def test_recursive_anchors_of_2019_09() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$recursiveAnchor": True,
        "type": "array",
        "items": {"$recursiveRef": "#"},
    }
    assert verdict(schema, {"type": "array", "items": {"type": "array"}}) == "compatible"
    assert verdict(schema, {"type": "array", "maxItems": 0}) == "incompatible"


def test_meta_schemas_are_known() -> None:
    assert (
        verdict({"const": {"type": "text"}}, {"$ref": "https://json-schema.org/draft/2020-12/schema"}) == "incompatible"
    )
    for draft in ("draft-04", "draft-06", "draft-07"):
        assert verdict({"const": STRING}, {"$ref": f"http://json-schema.org/{draft}/schema#"}) == "compatible"
        assert (
            verdict({"const": {"minLength": -1}}, {"$ref": f"http://json-schema.org/{draft}/schema#"}) == "incompatible"
        )


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        {"anyOf": [{"$ref": "#"}, STRING]},
        {"dependentSchemas": {"a": {"$ref": "#"}}},
    ],
)
def test_a_loop_without_a_step_into_the_value_is_unknown(schema: dict[str, Any]) -> None:
    comparison = compare(INTEGER, schema)
    assert comparison.verdict == "unknown"
    assert "refers to itself without end" in str(comparison.reason)


def test_mutually_recursive_schemas() -> None:
    def tree(leaf: dict[str, Any]) -> dict[str, Any]:
        return {
            "$defs": {
                "Node": {"type": "object", "properties": {"forest": {"$ref": "#/$defs/Forest"}, "leaf": leaf}},
                "Forest": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "$ref": "#/$defs/Node",
        }

    assert verdict(tree(INTEGER), tree({"type": "number"})) == "compatible"
    comparison = compare(tree(INTEGER), tree(STRING))
    assert comparison.counterexample == {"leaf": 1}


def test_a_schema_without_finite_values_fits_everything() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert verdict(endless, STRING) == "compatible"
