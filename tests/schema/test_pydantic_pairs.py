"""Pairs of schemas as pydantic emits them: all are decided, and every counterexample is confirmed."""

from __future__ import annotations

from typing import Any

from eventkit.schema import compare
from tests.schema.data import rows
from tests.schema.oracles import is_confirmed, python_accepts, rust_accepts


def test_every_pair_is_decided_rightly() -> None:
    expected = {row["name"]: "compatible" if row["compatible"] else "incompatible" for row in pairs()}
    assert {row["name"]: compare(row["publisher"], row["subscriber"]).verdict for row in pairs()} == expected


def test_closed_publishers_are_decided_rightly() -> None:
    for row in pairs():
        if row["closed_publisher_compatible"] is not None:
            comparison = compare(row["publisher"], row["subscriber"], closed_publisher=True)
            assert (comparison.verdict == "compatible") is row["closed_publisher_compatible"], row["name"]


def test_every_counterexample_is_confirmed() -> None:
    for row in pairs():
        comparison = compare(row["publisher"], row["subscriber"])
        if comparison.verdict == "incompatible":
            value = comparison.counterexample
            assert is_confirmed(row["publisher"], row["subscriber"], value, formats=row["format_sensitive"]), row[
                "name"
            ]


def test_counterexamples_have_no_more_fields_than_the_publisher_must_send_and_the_reader_rejects() -> None:
    for row in pairs():
        value = compare(row["publisher"], row["subscriber"]).counterexample
        if not isinstance(value, dict):
            continue
        for name in value:
            smaller = {other: item for other, item in value.items() if other != name}
            still = rust_accepts(row["publisher"], smaller) and not python_accepts(row["subscriber"], smaller)
            assert not still, (row["name"], value, name)


def pairs() -> list[dict[str, Any]]:
    return rows("pairs/pydantic.jsonl")
