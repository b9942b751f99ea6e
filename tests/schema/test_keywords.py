"""Each keyword family: pairs that fit and pairs that do not, the second with a confirmed counterexample."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare
from tests.schema.oracles import is_confirmed

TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def array(**keywords: Any) -> dict[str, Any]:
    return {"type": "array", **keywords}


def fields(**keywords: Any) -> dict[str, Any]:
    return {"type": "object", **keywords}


FITS: dict[str, tuple[Any, Any]] = {
    # numbers
    "exclusive bounds of integers": (WHOLE | {"exclusiveMinimum": 0}, {"minimum": 1}),
    "no integer between": (WHOLE | {"exclusiveMinimum": 1, "exclusiveMaximum": 2}, False),
    "multiples of 6": ({"multipleOf": 6} | WHOLE, {"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}),
    "decimal steps are exact": (NUMBER | {"multipleOf": 0.3}, {"multipleOf": 0.1}),
    "halves and integers": (NUMBER | {"multipleOf": 0.5, "not": {"multipleOf": 1}}, {"not": WHOLE}),
    "cover by two intervals": (WHOLE, {"anyOf": [{"maximum": 4}, {"minimum": 5}]}),
    "a number without a fraction": (NUMBER | {"multipleOf": 1}, WHOLE),
    "beyond 64 bits": (WHOLE | {"minimum": 2**70}, {"exclusiveMinimum": 2**70 - 1}),
    # values
    "one is not true": ({"enum": [1, "1"]}, {"not": {"enum": [True, "true"]}}),
    "one is one": ({"const": 1.0}, {"const": 1}),
    "booleans are two values": ({"type": "boolean"}, {"enum": [False, True]}),
    "arrays are equal item by item": ({"const": [1, {"a": 2}]}, {"enum": [[1.0, {"a": 2.0}]]}),
    "an integer of an interval is listed": (WHOLE | {"minimum": 1, "maximum": 3}, {"enum": [3, 2, 1]}),
    # texts
    "lengths": (TEXT | {"minLength": 2, "maxLength": 3}, {"minLength": 1, "maxLength": 4}),
    "a pattern with a length": (TEXT | {"pattern": "^a+$", "maxLength": 2}, {"enum": ["a", "aa"]}),
    "an unanchored pattern": (TEXT | {"pattern": "^ab+c$"}, {"pattern": "b"}),
    "a uuid has 36 characters": (TEXT | {"format": "uuid"}, {"minLength": 36, "maxLength": 36}),
    "a version of a uuid": (TEXT | {"format": "uuid4"}, {"format": "uuid"}),
    "an e-mail address has an at-sign": (TEXT | {"format": "email"}, {"pattern": "@"}),
    # arrays
    "a tuple is a list": (array(prefixItems=[WHOLE, WHOLE], items=False), {"items": WHOLE}),
    "no item, no type": (array(maxItems=0), {"items": TEXT}),
    "contained by position": (array(prefixItems=[{"const": 1}], minItems=1), {"contains": WHOLE}),
    "contained by number": (array(items=WHOLE, minItems=2), {"contains": NUMBER, "minContains": 2}),
    "at most one": (array(prefixItems=[WHOLE], items=TEXT), {"contains": WHOLE, "minContains": 0, "maxContains": 1}),
    "distinct booleans are at most two": (array(items={"type": "boolean"}, uniqueItems=True), {"maxItems": 2}),
    "positions that differ": (array(prefixItems=[TEXT, WHOLE], items=False), {"uniqueItems": True}),
    "a false item ends the array": (array(prefixItems=[WHOLE, False]), {"maxItems": 1}),
    # objects
    "additional fields": (
        fields(additionalProperties=WHOLE),
        {"properties": {"a": WHOLE}, "additionalProperties": WHOLE},
    ),
    "a pattern of keys": (
        fields(patternProperties={"^a": WHOLE}, additionalProperties=False),
        {"propertyNames": {"pattern": "^a"}, "additionalProperties": NUMBER},
    ),
    "few keys are possible": (fields(propertyNames={"enum": ["a", "b"]}), {"maxProperties": 2}),
    "required keys are counted": (fields(required=["a", "b"]), {"minProperties": 2}),
    "dependent keys": (fields(required=["a"], dependentRequired={"a": ["b"]}), {"required": ["b"]}),
    "a dependent schema": (
        fields(required=["a"], dependentSchemas={"a": {"required": ["b"]}}),
        {"required": ["b"]},
    ),
    "exactly one key": (
        fields(required=["a"], maxProperties=1),
        {"additionalProperties": False, "properties": {"a": True}},
    ),
    # logic
    "a choice within a choice": ({"anyOf": [TEXT, WHOLE]}, {"type": ["integer", "string", "null"]}),
    "de Morgan": ({"not": {"anyOf": [TEXT, WHOLE]}}, {"allOf": [{"not": TEXT}, {"not": WHOLE}]}),
    "one of two that exclude each other": ({"oneOf": [TEXT, WHOLE]}, {"anyOf": [TEXT, WHOLE]}),
    "exactly one": ({"oneOf": [WHOLE, {"minimum": 2}]}, {"not": {"allOf": [WHOLE, {"minimum": 2}]}}),
    "a condition": ({"const": "x"}, {"if": TEXT, "then": {"minLength": 1}, "else": False}),
    "the other way": ({"if": TEXT, "then": {"minLength": 1}}, {"anyOf": [{"not": TEXT}, {"minLength": 1}]}),
    # unevaluated
    "evaluated by a reference": (
        fields(properties={"a": WHOLE}, additionalProperties=False),
        {"$defs": {"A": {"properties": {"a": NUMBER}}}, "$ref": "#/$defs/A", "unevaluatedProperties": False},
    ),
    "evaluated by the branch that holds": (
        fields(properties={"a": {"const": 1}}, required=["a"], additionalProperties=False),
        {"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": True}}], "unevaluatedProperties": False},
    ),
    "evaluated items": (array(prefixItems=[WHOLE], items=False), {"prefixItems": [NUMBER], "unevaluatedItems": False}),
    "evaluated by contains": (
        array(items={"const": 1}),
        {"contains": {"const": 1}, "minContains": 0, "unevaluatedItems": False},
    ),
}

FITS_NOT: dict[str, tuple[Any, Any]] = {
    "a bound": (NUMBER | {"minimum": 0}, {"exclusiveMinimum": 0}),
    "between the steps": (NUMBER | {"multipleOf": 0.1}, {"multipleOf": 0.3}),
    "a fraction in an interval": (NUMBER | {"minimum": 0, "maximum": 1}, {"enum": [0, 1]}),
    "not covered": (WHOLE, {"anyOf": [{"maximum": 4}, {"minimum": 6}]}),
    "a value that is not known": ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    "true is not one": ({"const": True}, {"const": 1}),
    "an object that is not listed": (fields(), {"enum": [{}, {"a": 1}, {"b": 1}, {"c": 1}, {"d": 1}, {"extra": "a"}]}),
    "a longer text": (TEXT | {"minLength": 2}, {"maxLength": 5}),
    "a text that does not match": (TEXT | {"pattern": "^[a-z]+$"}, {"pattern": "^[a-y]+$"}),
    "a date is no date-time": (TEXT | {"format": "date"}, {"format": "email"}),
    "a tuple that is too short": (array(prefixItems=[WHOLE, WHOLE]), {"minItems": 2}),
    "the second item": (array(prefixItems=[WHOLE, TEXT], minItems=2), {"items": WHOLE}),
    "nothing contained": (array(items=WHOLE), {"contains": WHOLE}),
    "too many contained": (array(items=WHOLE), {"contains": {"const": 7}, "maxContains": 2, "minContains": 0}),
    "equal items": (array(items={"enum": [1, 2]}, minItems=2), {"uniqueItems": True}),
    "a key that nobody mentions": (fields(properties={"a": WHOLE}), {"additionalProperties": WHOLE}),
    "a key by its pattern": (fields(), {"patternProperties": {"^x-": WHOLE}}),
    "too many keys": (fields(required=["a"]), {"maxProperties": 2}),
    "the name of a key": (fields(), {"propertyNames": {"maxLength": 3}}),
    "without its dependent": (fields(properties={"a": WHOLE}), {"dependentRequired": {"a": ["b"]}}),
    "both of one": ({"anyOf": [WHOLE, NUMBER]}, {"oneOf": [WHOLE, NUMBER]}),
    "the condition holds": (TEXT, {"if": {"minLength": 2}, "then": {"maxLength": 3}}),
    "unevaluated": (
        fields(properties={"a": WHOLE, "b": WHOLE}),
        {"properties": {"a": WHOLE}, "unevaluatedProperties": False},
    ),
    "unevaluated in the other branch": (
        fields(properties={"b": WHOLE}),
        {
            "anyOf": [{"properties": {"a": WHOLE}, "required": ["a"]}, {"minProperties": 0}],
            "unevaluatedProperties": False,
        },
    ),
}


@pytest.mark.parametrize(("publisher", "subscriber"), FITS.values(), ids=FITS)
def test_pairs_that_fit(publisher: Any, subscriber: Any) -> None:
    comparison = compare(publisher, subscriber)
    assert (comparison.verdict, comparison.reason) == ("compatible", None)


@pytest.mark.parametrize(("publisher", "subscriber"), FITS_NOT.values(), ids=FITS_NOT)
def test_pairs_that_do_not_fit(publisher: Any, subscriber: Any) -> None:
    comparison = compare(publisher, subscriber)
    assert (comparison.verdict, comparison.reason) == ("incompatible", None)
    assert is_confirmed(publisher, subscriber, comparison.counterexample, formats=True)
    assert comparison.problems


def test_keywords_of_other_drafts_are_annotations() -> None:
    assert (
        compare(array(), {"minContains": 2, "contains": WHOLE, "maxItems": 0}, dialect="draft-07").verdict
        == "incompatible"
    )
    assert compare(fields(), {"dependentRequired": {"a": ["b"]}}, dialect="draft-07").verdict == "compatible"
    assert compare(fields(), {"dependencies": {"a": ["b"]}}).verdict == "compatible"
    assert compare(fields(), {"dependencies": {"a": ["b"]}}, dialect="draft-07").verdict == "incompatible"


def test_annotations_and_extensions_are_ignored() -> None:
    noise = {
        "title": "t",
        "description": "d",
        "x-vendor": {"a": 1},
        "discriminator": {"propertyName": "k"},
        "nullable": True,
    }
    assert compare(TEXT, TEXT | noise).verdict == "compatible"
    assert compare(TEXT | noise, TEXT).verdict == "compatible"


def test_many_patterns_of_keys_are_split_one_by_one() -> None:
    patterns = {f"^{name} ": {"type": "integer"} for name in ("table", "view", "type", "rule", "index", "role", "user")}
    publisher = fields(patternProperties=patterns, additionalProperties=False)
    subscriber = fields(patternProperties={name: {"type": "number"} for name in patterns})
    assert compare(publisher, subscriber, budget=20_000).verdict == "compatible"
    comparison = compare(subscriber | {"additionalProperties": False}, publisher, budget=20_000)
    assert comparison.counterexample == {"table ": 12.5}


AVOIDING_A = {"type": "object", "propertyNames": {"pattern": "a"}}
A_OR_B = {"type": "object", "propertyNames": {"enum": ["a", "b"]}}
ALL_TEXTS = {"additionalProperties": {"type": "string"}}
TEXTS_BEHIND_X = {"patternProperties": {"^x": {"type": "string"}}}


@pytest.mark.parametrize("branches", [[AVOIDING_A, A_OR_B], [A_OR_B, AVOIDING_A]])
def test_one_key_can_violate_several_schemas_of_keys(branches) -> None:
    comparison = compare({"type": "object", "maxProperties": 1}, {"anyOf": branches})

    (name,) = comparison.counterexample
    assert "a" not in name
    assert name != "b"


@pytest.mark.parametrize("branches", [[ALL_TEXTS, TEXTS_BEHIND_X], [TEXTS_BEHIND_X, ALL_TEXTS]])
def test_one_value_can_violate_what_is_said_of_several_sets_of_keys(branches) -> None:
    comparison = compare({"type": "object", "maxProperties": 1}, {"anyOf": branches})

    (name,) = comparison.counterexample
    assert name.startswith("x")


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_is_left_to_the_demand_that_needs_it(order) -> None:
    numbers_but_c = {"properties": {"c": True}, "additionalProperties": {"not": {"type": "string"}}}
    publisher = {"type": "object", "propertyNames": {"enum": ["c", "d"]}}
    comparison = compare(publisher, {"anyOf": [ALL_TEXTS, numbers_but_c][::order]})

    assert isinstance(comparison.counterexample["d"], str)
    assert not isinstance(comparison.counterexample["c"], str)
