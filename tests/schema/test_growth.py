"""What a comparison costs for each part of a schema, in steps of the budget, however many parts there are."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare

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


@pytest.mark.parametrize("number", SIZES)
def test_a_field_takes_some_steps_whether_it_fits_or_not(number: int) -> None:
    assert compare(nested(number, "integer"), nested(number, "number"), budget=3 * number).verdict == "compatible"
    comparison = compare(nested(number, "integer"), nested(number, "string"), budget=50 * number)
    assert len(comparison.problems) == 3 * number
