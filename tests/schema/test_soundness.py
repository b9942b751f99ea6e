"""Random pairs of schemas: no verdict contradicts what validators say of values."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventkit.schema import compare
from eventkit.schema.compare import compare_texts
from tests.schema.generator import Generator
from tests.schema.oracles import contradiction, is_confirmed, long_run


@settings(max_examples=100)
@given(st.randoms(use_true_random=False), st.sampled_from(["2020-12", "draft-07"]))
def test_no_verdict_contradicts_the_validators(random: Random, dialect: str) -> None:
    generator = Generator(random, dialect)
    publisher, subscriber = generator.pair()
    comparison = compare(publisher, subscriber, dialect=dialect, formats="annotate")  # type: ignore[arg-type]
    assert contradiction(generator, publisher, subscriber, comparison) is None


@given(st.randoms(use_true_random=False))
def test_a_schema_fits_itself(random: Random) -> None:
    schema = Generator(random).document()
    renamed = {"title": "the same", **schema} if isinstance(schema, dict) else schema
    assert compare(schema, renamed).verdict in ("compatible", "unknown")


@given(st.randoms(use_true_random=False))
def test_an_answer_does_not_depend_on_what_was_asked_before(random: Random) -> None:
    publisher, subscriber = Generator(random).pair()
    first = compare(publisher, subscriber)
    compare(subscriber, publisher)
    assert compare(publisher, subscriber) == first


@given(st.randoms(use_true_random=False), st.booleans())
def test_subscribers_that_are_asked_about_together_get_the_answers_that_each_gets(random: Random, closed: bool) -> None:
    generator = Generator(random)
    publisher, first = generator.pair()
    subscribers = [first, generator.document(), publisher, first]
    together = compare_texts(json.dumps(publisher), [json.dumps(each) for each in subscribers], closed_publisher=closed)
    assert together == [compare(publisher, each, closed_publisher=closed) for each in subscribers]


@pytest.mark.slow
def test_twenty_thousand_pairs() -> None:
    assert long_run(20_000) == 0


WRONG_ONCE: dict[str, tuple[Any, Any, str]] = {
    "items that a schema for objects does not evaluate": (
        {"dependentSchemas": {"a": {"items": {"type": "string"}}}, "unevaluatedItems": {"type": "integer"}},
        {"anyOf": [{"not": {"type": "array"}}, {"items": {"type": "integer"}}]},
        "compatible",
    ),
    "items that a schema for objects does not evaluate, for the subscriber": (
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"dependentSchemas": {"a": {"items": {"type": "string"}}}, "unevaluatedItems": {"type": "integer"}},
        "incompatible",
    ),
    "a schema that applies itself to the same value": (
        {"$defs": {"A": {"if": {"$ref": "#/$defs/A"}, "then": {"type": "null"}}}, "$ref": "#/$defs/A"},
        {"type": "number"},
        "unknown",
    ),
    "items that are distinct and are not": (
        {"not": {"type": "array", "minContains": 2, "maxContains": 2, "uniqueItems": True}},
        {"not": {"type": "array", "minContains": 2, "maxContains": 1, "uniqueItems": True}},
        "compatible",
    ),
    "a union whose branches are sets of distinct items": (
        {"oneOf": [{"uniqueItems": True}, {"type": "integer", "multipleOf": 2}, {"anyOf": [True, {"enum": [{}]}]}]},
        {"oneOf": [{"uniqueItems": True}, {"type": "boolean", "multipleOf": 2}, {}]},
        "compatible",
    ),
    "a dot and a line separator": (
        {"type": "string", "minLength": 2, "maxLength": 2},
        {"type": "string", "pattern": "^(.|\n){2}$"},
        "compatible",
    ),
    "a field of no schema at all": (
        {"multipleOf": 3},
        {"type": "object", "additionalProperties": {"if": {"enum": [True, {"a": "b"}]}, "then": {"enum": [{}, {}]}}},
        "incompatible",
    ),
}


@pytest.mark.parametrize(("publisher", "subscriber", "verdict"), WRONG_ONCE.values(), ids=WRONG_ONCE)
def test_what_was_wrong_once(publisher: Any, subscriber: Any, verdict: str) -> None:
    comparison = compare(publisher, subscriber)
    assert comparison.verdict == verdict
    if verdict == "incompatible":
        assert is_confirmed(publisher, subscriber, comparison.counterexample, formats=False)


@given(st.randoms(use_true_random=False))
def test_a_closed_publisher_sends_no_more_than_an_open_one(random: Random) -> None:
    generator = Generator(random)
    publisher, subscriber = generator.pair()
    closed = compare(publisher, subscriber, closed_publisher=True, formats="annotate")
    if closed.verdict == "incompatible":
        assert compare(publisher, subscriber, formats="annotate").verdict != "compatible"
        assert contradiction(generator, publisher, subscriber, closed) is None
