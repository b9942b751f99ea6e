"""Schemas that are meant to do harm, or are no schemas: an answer within the budget, and nothing raised."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventkit.schema import compare

BUDGET = 20_000
TEXT = {"type": "string"}
ANYTHING: dict[str, Any] = {}


def nested(wrap: Callable[[Any], Any], inner: Any, depth: int) -> Any:
    for _ in range(depth):
        inner = wrap(inner)
    return inner


WRAPS: dict[str, Callable[[Any], Any]] = {
    "properties": lambda inner: {"type": "object", "properties": {"a": inner}, "required": ["a"]},
    "items": lambda inner: {"type": "array", "items": inner, "minItems": 1},
    "allOf": lambda inner: {"allOf": [inner]},
    "anyOf": lambda inner: {"anyOf": [inner, {"const": 1}]},
    "not": lambda inner: {"not": inner},
    "if": lambda inner: {"if": inner, "then": {"minLength": 1}},
    "unevaluated": lambda inner: {"allOf": [inner], "unevaluatedProperties": False},
}


@pytest.mark.parametrize("depth", [10, 100, 1_000, 5_000])
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_deep_nesting(wrap: Callable[[Any], Any], depth: int) -> None:
    comparison = compare(
        nested(wrap, {"type": "integer"}, depth), nested(wrap, {"type": "number"}, depth), budget=BUDGET
    )
    assert comparison.verdict in ("compatible", "incompatible", "unknown")
    if depth <= 10 and wrap is not WRAPS["not"]:
        assert comparison.verdict != "unknown"


def exponential(size: int) -> dict[str, tuple[Any, Any]]:
    switches = {f"x{index}": {"type": "boolean"} for index in range(size)}
    doubled: dict[str, Any] = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} for index in range(size)}
    return {
        "conjunction of choices": (
            {"allOf": [{"anyOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(size)]},
            {"maxProperties": size - 1},
        ),
        "parity": (
            {"type": "object", "properties": switches, "required": list(switches)},
            {"anyOf": [{"properties": {f"x{i}": {"const": j}}} for i in range(size) for j in (True, False)]},
        ),
        "doubled references": ({"$defs": {**doubled, f"d{size}": TEXT}, "$ref": "#/$defs/d0"}, {"maxLength": 3}),
        "branches that evaluate": (
            {"type": "object"},
            {"anyOf": [{"properties": {f"p{i}": TEXT}} for i in range(size)], "unevaluatedProperties": False},
        ),
    }


@pytest.mark.parametrize("name", exponential(1))
@pytest.mark.parametrize("size", [4, 40, 100])
def test_exponential_combinations(name: str, size: int) -> None:
    publisher, subscriber = exponential(size)[name]
    comparison = compare(publisher, subscriber, budget=BUDGET)
    assert comparison.verdict != "unknown" or comparison.reason


def test_models_that_all_refer_to_all_take_no_more_memory_than_steps() -> None:
    def models(step: int, shift: int) -> dict[str, Any]:
        names = [[f"#/$defs/m{(j * step + i * shift) % 100}" for j in range(100)] for i in range(100)]
        fields = [{f"p{j}": {"$ref": name} for j, name in enumerate(each)} for each in names]
        definitions = {f"m{i}": {"type": "object", "properties": each} for i, each in enumerate(fields)}
        return {"$ref": "#/$defs/m0", "$defs": definitions}

    publisher, subscriber = models(1, 0), models(7, 1)
    tracemalloc.start()
    try:
        comparison = compare(publisher, subscriber, budget=BUDGET // 4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert comparison.reason == f"the budget of {BUDGET // 4} steps is used up"
    assert peak < 20_000_000


PATTERNS = [
    "(a+)+$", "(a|aa)*b", "a{1000000}", "(a{1000}){1000}", "(?:a?){300}a{300}", "[a-z]*x[a-z]{30}$", "(.{0,255}@){20}",
    "(" * 300 + ")" * 300, "|".join(f"word{index}" for index in range(400)), "[^a]{99}a[^b]{99}b", r"\p{L}+\P{Lu}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=range(len(PATTERNS)))
def test_patterns(pattern: str) -> None:
    for publisher, subscriber in (
        (TEXT | {"pattern": pattern}, {"pattern": "^[a-z]{3}$"}),
        (TEXT | {"pattern": "^[a-z]+$"}, {"pattern": pattern}),
        ({"const": "a" * 5_000 + "!"}, {"pattern": pattern}),
        ({"type": "object", "patternProperties": {pattern: TEXT}}, {"maxProperties": 1}),
    ):
        comparison = compare(publisher, subscriber, budget=BUDGET)
        assert comparison.verdict != "unknown" or comparison.reason


NUMBERS: dict[str, tuple[Any, Any]] = {
    "infinite": ({"minimum": float("inf")}, TEXT),
    "not a number": ({"const": float("nan")}, TEXT),
    "longer than Python prints": ({"minimum": 10**5000}, TEXT),
    "far from each other": ({"type": "number", "multipleOf": 5e-324}, {"multipleOf": 1e308}),
    "coprime steps": ({"type": "integer"}, {"anyOf": [{"multipleOf": step} for step in (2, 3, 5, 7, 11, 13, 17, 19)]}),
    "a step of a large prime": ({"type": "integer", "multipleOf": 999_983}, {"multipleOf": 2}),
    "many items": ({"type": "array", "minItems": 10**12}, TEXT),
    "very many items": ({"type": "array"}, {"maxItems": 10**9}),
    "a long text": (TEXT | {"minLength": 10**12}, ANYTHING | {"type": "null"}),
    "many keys": ({"type": "object", "minProperties": 10**9}, TEXT),
    "distinct items": ({"type": "array", "uniqueItems": True, "minItems": 200, "items": {"type": "integer"}}, TEXT),
}


@pytest.mark.parametrize(("publisher", "subscriber"), NUMBERS.values(), ids=NUMBERS)
def test_enormous_numbers(publisher: Any, subscriber: Any) -> None:
    comparison = compare(publisher, subscriber, budget=BUDGET)
    assert comparison.verdict == "incompatible" or comparison.reason


@pytest.mark.parametrize("name", ["\x00", "\ud800", "", "~/~0", "*", "\U0001f432"])
def test_strange_keys(name: str) -> None:
    publisher = {"type": "object", "properties": {name: TEXT}, "required": [name]}
    comparison = compare(publisher, {"properties": {name: {"type": "integer"}}})
    assert comparison.counterexample == {name: "a"}


NO_SCHEMAS: list[Any] = [
    None, [], "string", 1, {"type": "text"}, {"type": []}, {"type": 5}, {"properties": []}, {"properties": {"a": 5}},
    {"required": "a"}, {"required": [1]}, {"enum": {}}, {"minLength": -1}, {"minLength": 1.5}, {"multipleOf": 0},
    {"pattern": "("}, {"pattern": 5}, {"format": {}}, {"items": 5}, {"anyOf": []}, {"anyOf": {}}, {"allOf": [5]},
    {"$ref": 5}, {"$ref": "#/a"}, {"$ref": "#a"}, {"$schema": 5}, {"$id": 5, "$ref": "https://example.com"},
    {"$ref": "http://["}, {"$ref": "http://[#a"}, {"$id": "http://[", "$ref": "a"},
    {"$id": "https://example.com", "$ref": "http://["},
    {"$id": "https://example.com", "$defs": {"a": {"$id": "http://["}}},
    {"const": b"bytes"}, {"const": {1, 2}}, {"properties": {1: TEXT}}, {"dependentRequired": {"a": "b"}},
]  # fmt: skip


@pytest.mark.parametrize("schema", NO_SCHEMAS, ids=repr)
def test_what_is_no_schema_is_unknown_or_has_no_say(schema: Any) -> None:
    for comparison in (compare(schema, {"type": "object", "minProperties": 1}), compare(ANYTHING, schema)):
        if comparison.verdict == "unknown":
            assert comparison.reason


KEYWORDS = [
    "type", "enum", "const", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "format",
    "items", "prefixItems", "contains", "minContains", "uniqueItems", "minItems", "properties", "patternProperties",
    "additionalProperties", "propertyNames", "minProperties", "required", "dependentRequired", "dependentSchemas",
    "dependencies", "if", "then", "else", "allOf", "anyOf", "oneOf", "not", "unevaluatedProperties",
    "unevaluatedItems", "$ref", "$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "$id", "$schema",
    "$defs", "contentEncoding", "examples",
]  # fmt: skip
SCALARS = st.sampled_from(
    [None, True, 0, 1, -1, 2.5, 1e308, "", "a", "string", "#", "#/$defs/a", "#a", "^a", "(", "date", "regex", "\ud800"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(JSON, JSON, st.booleans())
def test_any_json_gets_an_answer(publisher: Any, subscriber: Any, closed: bool) -> None:
    comparison = compare(publisher, subscriber, closed_publisher=closed, budget=BUDGET)
    assert (comparison.verdict == "unknown") is (comparison.reason is not None)


@settings(max_examples=50)
@given(st.integers(0, 2_000), st.randoms(use_true_random=False))
def test_the_budget_counts_steps_and_not_time(budget: int, random: Random) -> None:
    publisher = {"anyOf": [{"type": "object", "required": [name]} for name in random.sample("abcdef", 3)]}
    subscriber = {"anyOf": [{"required": [name, "x"]} for name in "abc"]}
    assert compare(publisher, subscriber, budget=budget) == compare(publisher, subscriber, budget=budget)
