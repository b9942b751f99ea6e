"""Unions whose branches are told apart by the values of a property."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit.schema import compare


def tagged(tag: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"kind": {"const": tag}, **more}, "required": ["kind"]}


def kinds(number: int, **more: Any) -> list[dict[str, Any]]:
    return [tagged(f"kind {index}", **more) for index in range(number)]


def test_a_tag_that_its_dialect_does_not_read_tells_nothing_apart() -> None:
    """Beside a `$ref` in draft 7, and before draft 6, `const` says nothing: both branches take the event."""
    publisher, subscriber = {"anyOf": kinds(1)}, {"oneOf": kinds(2)}
    assert compare(publisher, subscriber).verdict == "compatible"
    assert compare(publisher, subscriber, dialect="draft-04").verdict == "incompatible"

    text = {"definitions": {"Text": {"type": "string"}}}
    for union in (publisher, subscriber):
        for branch in next(iter(union.values())):
            branch["properties"]["kind"]["$ref"] = "#/definitions/Text"
    assert compare(text | publisher, text | subscriber).verdict == "compatible"
    assert compare(text | publisher, text | subscriber, dialect="draft-07").verdict == "incompatible"


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_unions_in_unions_are_told_apart_by_all_their_tags(keyword: str) -> None:
    def union(number: int, value: Any) -> dict[str, Any]:
        return {keyword: [{keyword: kinds(number, value=value)}, tagged("other"), tagged("another")]}

    publisher, wider = union(25, {"type": "integer"}), union(25, {"type": "number"})
    assert compare(publisher, wider, budget=20_000).verdict == "compatible"
    assert compare(wider, publisher, budget=20_000).counterexample == {"kind": "kind 0", "value": 12.5}


def test_objects_are_told_apart_though_other_types_are_not() -> None:
    """A branch without `type` takes every text; that two branches do is no reason to look at all pairs for objects."""
    branches: list[Any] = [{key: branch[key] for key in ("properties", "required")} for branch in kinds(25)]
    publisher = {"type": "object", "oneOf": branches}
    assert compare(publisher, {"oneOf": branches}, budget=20_000).verdict == "compatible"
    assert (
        compare({"oneOf": branches}, publisher, budget=20_000).verdict == "compatible"
    )  # no other value has one branch
