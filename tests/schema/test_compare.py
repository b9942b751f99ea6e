"""`compare` as its users see it: verdicts, counterexamples and problems for the pairs that pydantic models make."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import CODES, MISSING, compare
from tests.schema.oracles import is_confirmed


def event(**properties: Any) -> dict[str, Any]:
    """Return the schema of an event with these fields, all required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}

COMPATIBLE = {
    "the same": (event(a=STRING), event(a=STRING)),
    "reader uses fewer fields": (event(a=STRING, b=INTEGER), event(a=STRING)),
    "integer is a number": (event(a=INTEGER), event(a=NUMBER)),
    "reader accepts null, too": (event(a=STRING), event(a={"anyOf": [STRING, {"type": "null"}]})),
    "enum grows on the reader's side": (event(a={"enum": ["x"]}), event(a={"enum": ["x", "y"]})),
    "range grows": (event(a={"type": "integer", "minimum": 1}), event(a={"type": "integer", "exclusiveMinimum": 0})),
    "finite interval is an enum": (
        event(a={"type": "integer", "minimum": 1, "maximum": 2}),
        event(a={"enum": [1, 2]}),
    ),
    "uuid is a string of 36": (
        event(a={"type": "string", "format": "uuid"}),
        event(a={"type": "string", "format": "uuid"}) | {"required": []},
    ),
}

INCOMPATIBLE = {
    "field not sent": (event(a=STRING), event(a=STRING, b=STRING), "EK101", "/b"),
    "string for integer": (event(a=STRING), event(a=INTEGER), "EK102", "/a"),
    "fraction for integer": (event(a=NUMBER), event(a=INTEGER), "EK102", "/a"),
    "null for string": (event(a={"type": ["string", "null"]}), event(a=STRING), "EK103", "/a"),
    "range": (event(a=INTEGER), event(a={"type": "integer", "minimum": 0}), "EK104", "/a"),
    "enum": (event(a={"enum": ["x", "y"]}), event(a={"enum": ["x"]}), "EK105", "/a"),
    "format": (event(a=STRING), event(a={"type": "string", "format": "date-time"}), "EK107", "/a"),
    "length": (event(a=STRING), event(a={"type": "string", "maxLength": 5}), "EK108", "/a"),
    "extra field": (
        event(a=STRING, b=STRING),
        event(a=STRING) | {"additionalProperties": False},
        "EK109",
        "/b",
    ),
    "duplicates": (
        event(a={"type": "array", "items": INTEGER}),
        event(a={"type": "array", "uniqueItems": True}),
        "EK110",
        "/a",
    ),
    "tag": (
        event(e={"oneOf": [event(kind={"const": kind}) for kind in "abc"]}),
        event(e={"oneOf": [event(kind={"const": kind}) for kind in "ab"]}),
        "EK112",
        "/e/kind",
    ),
    "step": (event(a=INTEGER), event(a={"type": "integer", "multipleOf": 5}), "EK113", "/a"),
    "item": (
        event(items={"type": "array", "items": event(price=STRING)}),
        event(items={"type": "array", "items": event(price=NUMBER)}),
        "EK102",
        "/items/*/price",
    ),
}


@pytest.mark.parametrize(("publisher", "subscriber"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_what_fits_is_compatible(publisher: dict[str, Any], subscriber: dict[str, Any]) -> None:
    comparison = compare(publisher, subscriber)
    assert (comparison.verdict, comparison.reason) == ("compatible", None)
    assert comparison.counterexample is MISSING
    assert comparison.problems == ()


@pytest.mark.parametrize(("publisher", "subscriber", "code", "path"), INCOMPATIBLE.values(), ids=INCOMPATIBLE)
def test_what_does_not_fit_has_a_code_and_a_place(
    publisher: dict[str, Any], subscriber: dict[str, Any], code: str, path: str
) -> None:
    comparison = compare(publisher, subscriber, closed_publisher=True)
    assert comparison.verdict == "incompatible"
    assert (code, path) in {(problem.code, problem.path) for problem in comparison.problems}
    assert comparison.problems[0].code in CODES


def test_every_independent_problem_is_found() -> None:
    publisher = event(a=STRING, b=INTEGER, c=event(d=NUMBER))
    subscriber = event(a=INTEGER, b=STRING, c=event(d=STRING), e=STRING)
    problems = compare(publisher, subscriber).problems
    assert [(problem.code, problem.path) for problem in problems] == [
        ("EK101", "/e"),
        ("EK102", "/a"),
        ("EK102", "/b"),
        ("EK102", "/c/d"),
    ]


def test_the_counterexample_is_small() -> None:
    publisher = event(order_id=STRING, amount=STRING) | {"additionalProperties": False}
    assert compare(publisher, event(amount=NUMBER)).counterexample == {"order_id": "a", "amount": "a"}


def test_a_closed_publisher_sends_only_what_it_declares() -> None:
    publisher = event(a=STRING)
    subscriber = event(a=STRING) | {"additionalProperties": False}
    assert compare(publisher, subscriber).verdict == "incompatible"
    assert compare(publisher, subscriber, closed_publisher=True).verdict == "compatible"


def test_formats_can_be_annotations() -> None:
    subscriber = {"type": "string", "format": "date"}
    assert compare(STRING, subscriber).verdict == "incompatible"
    assert compare(STRING, subscriber, formats="annotate").verdict == "compatible"


@pytest.mark.parametrize(
    ("step", "limits", "subscriber"),
    [
        (0.1, {"minimum": 0.29}, {"multipleOf": 0.5}),
        (0.01, {"minimum": 0.29}, {"multipleOf": 0.1}),
        (0.0001, {"minimum": 0.29}, {"multipleOf": 0.02}),
        (0.07, {"exclusiveMinimum": 6.9}, STRING),
    ],
)
def test_multiples_are_those_that_binary_fractions_show_as_such(
    step: float, limits: dict[str, Any], subscriber: dict[str, Any]
) -> None:
    publisher = {"type": "number", "multipleOf": step, **limits}
    comparison = compare(publisher, subscriber)
    assert is_confirmed(publisher, subscriber, comparison.counterexample, formats=False)


def test_a_multiple_that_binary_fractions_do_not_show_will_do_where_there_is_no_other() -> None:
    publisher = {"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.35}
    assert compare(publisher, STRING).counterexample == 0.3


def test_what_contains_evaluates_in_2019_09_is_not_decided() -> None:
    subscriber: dict[str, Any] = {"type": "array", "contains": {"const": 1}, "unevaluatedItems": False}
    publisher = {"type": "array", "items": [{"const": 1}], "minItems": 1, "maxItems": 1}
    comparison = compare(publisher, subscriber, dialect="2019-09")
    assert comparison.verdict == "unknown"
    assert comparison.reason == "whether contains evaluates items is not agreed on in 2019-09, at #"
    assert compare(publisher, subscriber | {"items": INTEGER}, dialect="2019-09").verdict == "compatible"


@pytest.mark.parametrize(("publisher", "verdict"), [(True, "incompatible"), (False, "compatible")])
def test_booleans_are_schemas(publisher: bool, verdict: str) -> None:
    assert compare(publisher, STRING).verdict == verdict


def test_true_is_not_one() -> None:
    assert compare({"const": True}, {"const": 1}).verdict == "incompatible"
    assert compare({"const": 1.0}, {"const": 1}).verdict == "compatible"


def test_recursive_models_are_compared() -> None:
    def tree(value: dict[str, Any], **children: Any) -> dict[str, Any]:
        node = event(value=value, children={"type": "array", "items": {"$ref": "#/$defs/Node"}, **children})
        return {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}

    assert compare(tree(INTEGER), tree(NUMBER)).verdict == "compatible"
    comparison = compare(tree(INTEGER), tree(INTEGER, maxItems=0))
    assert comparison.counterexample == {"value": 1, "children": [{"value": 1, "children": []}]}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "https://example.com/schema.json"}, "not part of it"),
        ({"$ref": "#/$defs/Nothing"}, "nothing there"),
        ({"minimum": "one"}, "#/minimum: minimum must be a number"),
        ({"items": None}, "#/items: items is null"),
        ({"prefixItems": None}, "#/prefixItems: prefixItems is null"),
        ({"uniqueItems": "yes"}, "#/uniqueItems: uniqueItems must be true or false"),
        ({"$schema": "https://example.com/dialect"}, "dialect"),
    ],
)
def test_what_cannot_be_decided_is_unknown_with_the_reason(schema: dict[str, Any], reason: str) -> None:
    comparison = compare(INTEGER, schema)
    assert comparison.verdict == "unknown"
    assert comparison.reason is not None
    assert reason in comparison.reason


def test_what_is_undecided_in_one_field_does_not_hide_what_is_wrong_in_another() -> None:
    publisher = event(a=STRING, b=STRING, c=STRING)
    subscriber = event(a={"type": "string", "pattern": "(?<=x)y"}, b={"$ref": "#/nowhere"}, c=INTEGER)
    comparison = compare(publisher, subscriber)
    assert comparison.verdict == "incompatible"
    assert [(problem.code, problem.path) for problem in comparison.problems] == [("EK102", "/c")]
    assert (
        compare(publisher, subscriber | {"properties": {**subscriber["properties"], "c": STRING}}).verdict == "unknown"
    )


def test_keys_that_are_undecided_do_not_hide_that_there_may_be_none() -> None:
    publisher = {"type": "object", "properties": {"a": STRING}, "propertyNames": {"pattern": "(?<=x)y"}}
    subscriber = {"type": "object", "properties": {"a": INTEGER}, "minProperties": 1}
    assert compare(publisher, subscriber).counterexample == {}
