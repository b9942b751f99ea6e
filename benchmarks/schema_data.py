"""The pairs of schemas whose right answers are known; they are not part of the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

VARIABLE = "EVENTKIT_TEST_DATA"
FILES = {"2020-12": "containment/draft2020-12.jsonl", "draft-07": "containment/draft7.jsonl"}


@dataclass(frozen=True)
class Pair:
    """Two schemas, and whether the subscriber's accepts all that the publisher's does.

    Args:
        publisher: The schema of what is sent.
        subscriber: The schema of what is accepted.
        compatible: The right answer.
        dialect: What the schemas are written in.
        formats: Whether `format` is an assertion.
        name: What the data set calls it.
    """

    publisher: Any
    subscriber: Any
    compatible: bool
    dialect: str = "2020-12"
    formats: bool = False
    name: str = ""


# Labels of the suite that are wrong, and a value that shows it. To make "S or not S" and "S and not S" the suite
# renamed identifiers and pointers in the values that `enum` lists, too, so that the two halves list different values.
REFUTED: dict[tuple[str, str], dict[str, str]] = {
    ("draft-07", "universal/ref.json#17:s2SubsetEqOfs1"): {"$ref": "#/anyOf/1/definitions/a_string"},
    ("draft-07", "unsatisfiable/ref.json#17:s1SubsetEqOfs2"): {"$ref": "#/allOf/0/definitions/a_string"},
    ("draft-07", "unsatisfiable/id.json#1:s1SubsetEqOfs2"): {
        "$id": "https://localhost:1234/id/my_identifier.json",
        "type": "null",
    },
    ("2020-12", "universal/id.json#2:s2SubsetEqOfs1"): {
        "$id": "https://localhost:1234/id/my_identifier1.json",
        "type": "null",
    },
}


def is_there() -> bool:
    """Tell whether the folder with the data is named."""
    return VARIABLE in os.environ


def pydantic() -> list[Pair]:
    """Return the pairs as pydantic emits them, where formats are assertions."""
    return [
        Pair(row["publisher"], row["subscriber"], row["compatible"], formats=True, name=row["name"])
        for row in _rows("pairs/pydantic.jsonl")
    ]


def containment(dialect: str) -> tuple[list[Pair], int]:
    """Return all pairs of the containment suite of one dialect, and how many of its labels were corrected."""
    pairs = [
        Pair(row["sub"], row["sup"], row["contained"], dialect, row["format"] == "assertion", row["id"])
        for row in _rows(FILES[dialect])
    ]
    corrected = [_corrected(pair) for pair in pairs]
    return corrected, sum(before is not after for before, after in zip(pairs, corrected, strict=True))


def _corrected(pair: Pair) -> Pair:
    """Turn a label that is known to be wrong, if two validators, jsonschema and jsonschema-rs, agree that it is."""
    value = REFUTED.get((pair.dialect, pair.name))
    if value is None or not pair.compatible:
        return pair
    if not all(accepts(pair.publisher, value) and not accepts(pair.subscriber, value) for accepts in _validators(pair)):
        raise ValueError(f"{pair.name}: the validators do not refute the label, so REFUTED is wrong about it")
    return replace(pair, compatible=False)


def _validators(pair: Pair) -> list[Any]:
    import jsonschema
    import jsonschema_rs

    name = {"2020-12": "Draft202012Validator", "draft-07": "Draft7Validator"}[pair.dialect]
    return [
        lambda schema, value, library=library: getattr(library, name)(schema).is_valid(value)
        for library in (jsonschema, jsonschema_rs)
    ]


def _rows(name: str) -> list[dict[str, Any]]:
    with (Path(os.environ[VARIABLE]) / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
