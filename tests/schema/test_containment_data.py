"""The containment suite of the University of Passau: no wrong verdict, and hardly an undecided one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from eventkit.schema import Comparison, compare
from tests.schema.data import rows
from tests.schema.oracles import is_confirmed

FILES = {"draft-07": "containment/draft7.jsonl", "2020-12": "containment/draft2020-12.jsonl"}

# Labels that both validators refute: the suite renamed identifiers and pointers within the listed values, too, so that
# the two halves of "S or not S" and "S and not S" list different values.
REFUTED = {
    "draft-07": {
        "universal/ref.json#17:s2SubsetEqOfs1",
        "unsatisfiable/id.json#1:s1SubsetEqOfs2",
        "unsatisfiable/ref.json#17:s1SubsetEqOfs2",
    },
    "2020-12": {"universal/id.json#2:s2SubsetEqOfs1"},
}

# Python's `re` takes other characters for those of a word than ECMA-262 does, and jsonschema ignores contents.
_WORDS = "nonvalid/optional/ecmascript-regex.json#9:s1SubsetEqOfs2"
_CONTENT = "valid/optional/content.json#5:s1SubsetEqOfs2"
ONLY_RUST_CONFIRMS = {"draft-07": {_WORDS, _CONTENT}, "2020-12": {_WORDS}}

_DANGLING = "a reference leads to nothing, since the suite moved the schema below it"

# What is undecided, and why. The list can only shrink.
UNDECIDED = {
    "draft-07": {
        "universal/ref.json#7:s2SubsetEqOfs1": _DANGLING,
        "universal/ref.json#18:s2SubsetEqOfs1": _DANGLING,
        "unsatisfiable/ref.json#7:s1SubsetEqOfs2": _DANGLING,
        "unsatisfiable/ref.json#18:s1SubsetEqOfs2": _DANGLING,
        "unsatisfiable/ref.json#19:s1SubsetEqOfs2": _DANGLING,
    },
    "2020-12": {
        "universal/ref.json#16:s2SubsetEqOfs1": _DANGLING,
        "universal/ref.json#17:s2SubsetEqOfs1": _DANGLING,
        "unsatisfiable/ref.json#17:s1SubsetEqOfs2": _DANGLING,
    },
}


def verdict_on(row: dict[str, Any], dialect: Any) -> Comparison:
    formats = "assert" if row["format"] == "assertion" else "annotate"
    return compare(row["sub"], row["sup"], dialect=dialect, formats=formats)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=FILES)
def verdicts(request: pytest.FixtureRequest) -> tuple[str, list[tuple[dict[str, Any], Comparison]]]:
    dialect = request.param
    return dialect, [(row, verdict_on(row, dialect)) for row in rows(FILES[dialect])]


def test_no_verdict_is_wrong(verdicts: tuple[str, list[tuple[dict[str, Any], Comparison]]]) -> None:
    dialect, results = verdicts
    wrong = {
        row["id"]: comparison.verdict
        for row, comparison in results
        if comparison.verdict != "unknown" and (comparison.verdict == "compatible") is not row["contained"]
    }
    assert set(wrong) == REFUTED[dialect]
    assert set(wrong.values()) == {"incompatible"}


def test_what_is_undecided_is_listed(verdicts: tuple[str, list[tuple[dict[str, Any], Comparison]]]) -> None:
    dialect, results = verdicts
    unknown = {row["id"]: comparison.reason for row, comparison in results if comparison.verdict == "unknown"}
    assert set(unknown) == set(UNDECIDED[dialect])
    assert all(unknown.values())


def test_enough_is_decided(verdicts: tuple[str, list[tuple[dict[str, Any], Comparison]]]) -> None:
    _, results = verdicts
    total, decided = Counter[bool](), Counter[bool]()
    for row, comparison in results:
        optional = "/optional/" in row["id"]
        total[optional] += 1
        decided[optional] += comparison.verdict != "unknown"
    assert decided[False] >= 0.995 * total[False]
    assert decided[True] >= 0.97 * total[True]


def test_every_counterexample_is_confirmed(verdicts: tuple[str, list[tuple[dict[str, Any], Comparison]]]) -> None:
    dialect, results = verdicts
    unconfirmed = [
        row["id"]
        for row, comparison in results
        if comparison.verdict == "incompatible"
        and not is_confirmed(
            row["sub"], row["sup"], comparison.counterexample, dialect, formats=row["format"] == "assertion"
        )
    ]
    assert set(unconfirmed) == ONLY_RUST_CONFIRMS[dialect]


def test_every_incompatible_pair_has_problems(verdicts: tuple[str, list[tuple[dict[str, Any], Comparison]]]) -> None:
    _, results = verdicts
    assert all(bool(comparison.problems) == (comparison.verdict == "incompatible") for _, comparison in results)
