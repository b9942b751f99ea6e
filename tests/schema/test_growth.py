"""What a comparison costs for each part of a schema, in steps of the budget, however many parts there are."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import MISSING, compare

SIZES = (25, 100, 200)
FIELDS = 5


def model(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def fields(number: int, kind: str) -> dict[str, Any]:
    return {f"field_{index}": {"type": kind} for index in range(number)}


def union(number: int, kind: str) -> dict[str, Any]:
    """Return the schema of an event that is one of so many models, told apart by a tag."""
    branches = [model({"kind": {"const": f"kind_{index}"}, **fields(FIELDS, kind)}) for index in range(number)]
    return model({"event": {"oneOf": branches}})


def nested(number: int, kind: str) -> dict[str, Any]:
    """Return the schema of an event of 3 levels with so many fields each."""
    innermost = model(fields(number, kind))
    return model({**fields(number, kind), "inner": model({**fields(number, kind), "inner": innermost})})


def untagged(depth: int, leaf: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of so many unions within each other, whose models nothing tells apart but what they require."""
    if not depth:
        return leaf
    models = [{"value": untagged(depth - 1, leaf)} for _ in range(2)]
    return {"anyOf": [model(models[0]), model({**models[1], "extra": {"type": "string"}})]}


@pytest.mark.parametrize("number", SIZES)
def test_a_tagged_model_of_a_union_that_fits_takes_some_steps(number: int) -> None:
    assert compare(union(number, "integer"), union(number, "number"), budget=10 * number).verdict == "compatible"


@pytest.mark.parametrize("number", SIZES)
def test_a_tagged_model_of_a_union_that_is_not_known_takes_some_steps(number: int) -> None:
    comparison = compare(union(number, "integer"), union(number - 1, "number"), budget=30 * number)
    assert [problem.code for problem in comparison.problems] == ["EK112"]


@pytest.mark.parametrize("number", SIZES)
def test_all_that_is_wrong_in_a_union_is_found_in_some_steps_for_each_model(number: int) -> None:
    comparison = compare(union(number, "number"), union(number, "integer"), budget=150 * number)
    assert len(comparison.problems) == FIELDS * number


@pytest.mark.parametrize("depth", [2, 4, pytest.param(6, marks=pytest.mark.slow)])
def test_untagged_unions_within_unions_take_some_steps_for_each_pair_of_leaves(depth: int) -> None:
    pairs = 4**depth
    sent = untagged(depth, {"type": "integer"})
    assert compare(sent, untagged(depth, {"type": "number"}), budget=20 * pairs).verdict == "compatible"
    for leaf in ({"type": "string"}, {"type": "integer", "maximum": 9}):
        assert compare(sent, untagged(depth, leaf), budget=30 * pairs).verdict == "incompatible"


@pytest.mark.parametrize("number", SIZES)
def test_a_field_takes_some_steps_whether_it_fits_or_not(number: int) -> None:
    assert compare(nested(number, "integer"), nested(number, "number"), budget=3 * number).verdict == "compatible"
    comparison = compare(nested(number, "integer"), nested(number, "string"), budget=50 * number)
    assert len(comparison.problems) == 3 * number


@pytest.mark.parametrize("closed", [True, False])
def test_unions_without_a_tag_are_compared_branch_by_branch(closed: bool) -> None:
    def untagged(amount: str, number: int) -> dict[str, Any]:
        models = [model({f"f{index}": {"type": "string"}}) for index in range(number)]
        for each in models:
            each["properties"]["amount"] = {"type": amount}
        return {"anyOf": models}

    publisher = untagged("integer", 40)
    for number, counterexample in ((40, MISSING), (39, {"f39": "a"})):
        comparison = compare(publisher, untagged("number", number), closed_publisher=closed, budget=20_000)
        assert comparison.verdict == ("compatible" if counterexample is MISSING else "incompatible")
        assert comparison.counterexample == counterexample
