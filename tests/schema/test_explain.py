"""Problems: each has a code, a place in the event, both sides' places in the schemas, and a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import CODES, Problem, compare

TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def model(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def problems(publisher: Any, subscriber: Any, **policies: Any) -> list[tuple[str, str]]:
    """Return the code and the place of each problem; publishers are closed."""
    comparison = compare(publisher, subscriber, closed_publisher=True, **policies)
    return [(problem.code, problem.path) for problem in comparison.problems]


def test_a_problem_says_where_on_both_sides() -> None:
    publisher = {
        "$defs": {"Line": model(price=TEXT)},
        **model(lines={"type": "array", "items": {"$ref": "#/$defs/Line"}}),
    }
    subscriber = model(lines={"type": "array", "items": model(price=NUMBER)})
    assert compare(publisher, subscriber).problems == (
        Problem(
            code="EK102",
            path="/lines/*/price",
            message="the publisher can send a string, but the subscriber accepts a number",
            publisher_pointer="#/$defs/Line/properties/price",
            subscriber_pointer="#/properties/lines/items/properties/price",
        ),
    )


def test_messages() -> None:
    currency = {"enum": ["EUR", "USD", "GBP"]}
    publisher = model(id=TEXT, amount=NUMBER, currency=currency, at=TEXT, note={"type": ["string", "null"]}, tags=TEXT)
    subscriber = model(
        id=TEXT | {"maxLength": 3},
        amount={"type": "number", "minimum": 0},
        currency={"enum": ["EUR"]},
        at=TEXT | {"format": "date-time"},
        note=TEXT,
        tags=TEXT | {"pattern": "^[a-z]$"},
        user=TEXT,
    )
    assert {problem.path: problem.message for problem in compare(publisher, subscriber).problems} == {
        "/user": 'the subscriber requires the field "user", which the publisher does not declare',
        "/id": 'the publisher can send "text", but the subscriber\'s maxLength is 3',
        "/amount": "the publisher can send -1, but the subscriber's minimum is 0",
        "/currency": 'the publisher can send "USD", "GBP", which the subscriber does not know',
        "/at": 'the publisher can send "not-a-date", which does not have the subscriber\'s format "date-time"',
        "/note": "the publisher can send null, but the subscriber accepts a string",
        "/tags": 'the publisher can send "", which does not match the subscriber\'s pattern "^[a-z]$"',
    }


def test_every_place_that_a_definition_is_used_at_is_reported() -> None:
    address = {"$defs": {"Address": model(zip=TEXT)}}
    there = {"$ref": "#/$defs/Address"}
    subscriber = {"$defs": {"Address": model(zip=WHOLE)}, **model(billing=there, shipping=there)}
    assert problems(address | model(billing=there, shipping=there), subscriber) == [
        ("EK102", "/billing/zip"),
        ("EK102", "/shipping/zip"),
    ]


def test_recursive_models_are_reported_at_their_first_level() -> None:
    def node(value: Any) -> dict[str, Any]:
        fields = model(value=value, next={"$ref": "#/$defs/Node"}) | {"required": ["value"]}
        return {"$defs": {"Node": fields}, "$ref": "#/$defs/Node"}

    assert problems(node(TEXT), node(WHOLE)) == [("EK102", "/value")]


def test_the_branch_that_is_meant_is_explained() -> None:
    def union(amount: Any) -> dict[str, Any]:
        return model(e={"oneOf": [model(kind={"const": "paid"}, amount=amount), model(kind={"const": "open"})]})

    assert problems(union(TEXT), union(NUMBER)) == [("EK102", "/e/amount")]


def test_an_optional_value_is_explained_by_the_branch_that_is_not_null() -> None:
    nullable = {"anyOf": [model(a=TEXT), {"type": "null"}]}
    assert problems(model(x=nullable), model(x={"anyOf": [model(a=WHOLE), {"type": "null"}]})) == [("EK102", "/x/a")]
    assert problems(model(x=nullable), model(x=model(a=TEXT))) == [("EK103", "/x")]


def test_a_union_without_a_home() -> None:
    subscriber = model(x={"anyOf": [model(a=TEXT), model(b=TEXT)]})
    assert problems(model(x=model(c=TEXT)), subscriber) == [("EK111", "/x")]


def test_listed_objects_are_explained_field_by_field() -> None:
    publisher = {"enum": [{"a": 1, "b": 1}, {"a": "x", "b": 2}]}
    assert problems(publisher, model(a=WHOLE, b=WHOLE)) == [("EK102", "/a")]


def test_dependent_fields() -> None:
    publisher = model(card=TEXT) | {"required": []}
    assert problems(publisher, {"dependentRequired": {"card": ["address"]}}) == [("EK101", "/address")]


@pytest.mark.parametrize("dialect", ["draft-07", "2020-12"])
@pytest.mark.parametrize(
    "subscriber",
    [
        {"const": "x"},
        {"const": [1, {"a": 2}]},
        {"enum": [{"a": 1}, [2], "x"]},
        {"properties": {"a": {"const": {"b": 1}}}, "required": ["a"]},
        {"properties": {"a": {"enum": [[1]]}}, "required": ["a"]},
    ],
)
def test_values_that_are_listed_are_not_taken_apart(dialect: Any, subscriber: dict[str, Any]) -> None:
    for problem in compare({}, subscriber, dialect=dialect).problems:
        assert problem.code in ("EK101", "EK102", "EK105")
        assert is_there(subscriber, problem.subscriber_pointer), problem


@pytest.mark.parametrize(
    ("dialect", "subscriber", "pointer"),
    [
        ("2020-12", {"dependentRequired": {"card": ["address"]}}, "#/dependentRequired"),
        ("2020-12", {"dependentSchemas": {"card": {"required": ["address"]}}}, "#/dependentSchemas/card/required"),
        ("draft-07", {"dependencies": {"card": ["address"]}}, "#/dependencies"),
        ("draft-07", {"dependencies": {"card": {"required": ["address"]}}}, "#/dependencies/card/required"),
        ("2020-12", {"if": {"required": ["card"]}, "then": {"required": ["address"]}}, "#/then/required"),
        ("2020-12", {"if": {"properties": {"card": WHOLE}}, "else": {"required": ["address"]}}, "#/else/required"),
    ],
)
def test_what_depends_on_something_is_explained_by_what_it_demands(
    dialect: Any, subscriber: dict[str, Any], pointer: str
) -> None:
    (problem,) = compare(model(card=TEXT), subscriber, closed_publisher=True, dialect=dialect).problems
    assert (problem.code, problem.path, problem.subscriber_pointer) == ("EK101", "/address", pointer)


def test_what_is_excluded_is_shown() -> None:
    (problem,) = compare(TEXT, {"not": {"maxLength": 3}}).problems
    assert problem.message == 'the publisher can send "a", which the subscriber\'s not {"maxLength": 3} excludes'


def is_there(schema: Any, pointer: str) -> bool:
    """Tell whether a schema has something at a place."""
    for step in pointer.split("/")[1:]:
        schema = schema[int(step)] if isinstance(schema, list) else schema.get(step)
    return schema is not None


def test_keys_are_escaped_as_in_a_json_pointer() -> None:
    assert problems(model(**{"a/b~c": TEXT}), model(**{"a/b~c": WHOLE})) == [("EK102", "/a~1b~0c")]


def test_open_publishers_can_send_undeclared_fields() -> None:
    comparison = compare(model(a=TEXT), model(a=TEXT) | {"additionalProperties": False})
    assert [(problem.code, problem.path) for problem in comparison.problems] == [("EK109", "/*")]


def test_a_key_of_a_pattern_that_the_subscriber_forbids_is_an_extra_field() -> None:
    publisher = {"type": "object", "patternProperties": {"^x": TEXT}, "additionalProperties": False}
    subscriber = {"patternProperties": {"^x-": TEXT}, "additionalProperties": False}
    (problem,) = compare(publisher, subscriber).problems
    assert (problem.code, problem.path) == ("EK109", "/*")
    assert problem.message == 'the publisher can send undeclared fields such as "x", which the subscriber forbids'


def test_values_of_pattern_keys_are_explained_by_the_schema_of_their_pattern() -> None:
    publisher = {"type": "object", "patternProperties": {"^x": TEXT, "^y": WHOLE}, "additionalProperties": False}
    assert problems(publisher, {"additionalProperties": WHOLE}) == [("EK102", "/*")]


def test_a_key_that_the_subscriber_does_not_take_is_named() -> None:
    publisher = {"type": "object", "additionalProperties": WHOLE}
    (problem,) = compare(publisher, {"propertyNames": {"format": "uuid"}}).problems
    assert problem.code == "EK106"
    assert problem.message == (
        'the publisher can send the field "not-a-uuid", '
        'whose name breaks the subscriber\'s propertyNames {"format": "uuid"}'
    )


def test_each_value_without_a_home_is_reported_with_the_branch_that_is_nearest() -> None:
    publisher = {"anyOf": [model(sku=TEXT, count=WHOLE), model(street=TEXT, zip=TEXT)]}
    subscriber = {
        "anyOf": [
            model(sku=TEXT | {"maxLength": 9}, count=WHOLE, weight=NUMBER),
            model(street=TEXT, zip=TEXT | {"maxLength": 5}),
        ]
    }
    first, second = compare(publisher, subscriber, closed_publisher=True).problems
    assert first.code == second.code == "EK111"
    assert first.message.endswith(
        "; nearest is #/anyOf/0: "
        'at /weight, the subscriber requires the field "weight", which the publisher does not declare'
    )
    assert "; nearest is #/anyOf/1: at /zip, the publisher can send " in second.message


def test_long_texts_are_cut_and_counted() -> None:
    (problem,) = compare(TEXT, TEXT | {"maxLength": 99}).problems
    assert problem.message == (
        f'the publisher can send "{"a" * 29}..." (100 characters), but the subscriber\'s maxLength is 99'
    )


def test_codes_are_titled() -> None:
    assert all(code.startswith("EK1") and title for code, title in CODES.items())
    assert len(set(CODES.values())) == len(CODES)
