"""Containment of schemas: how much is decided rightly, how fast, and how the time grows with the schemas.

The first two tables read the data sets in the folder that EVENTKIT_TEST_DATA names. Every checker that is installed
is measured in the same run: jsonschema-rs, jsonsubschema, jsoncompat.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measure import Table
from eventkit.schema import compare

Pair = tuple[Any, Any, bool]
Checker = Callable[[Any, Any, bool], bool | None]
"""Takes publisher, subscriber, and whether formats are assertions; returns None where it does not decide."""

DATA = os.environ.get("EVENTKIT_TEST_DATA")
REPEATS = 5
LIMIT = 2.0
"""Seconds after which a checker has not decided."""


def eventkit(publisher: Any, subscriber: Any, formats: bool) -> bool | None:
    verdict = compare(publisher, subscriber, formats="assert" if formats else "annotate").verdict
    return None if verdict == "unknown" else verdict == "compatible"


def jsonschema_rs(publisher: Any, subscriber: Any, formats: bool) -> bool | None:
    import jsonschema_rs

    draft = jsonschema_rs.Draft202012
    narrow, wide = (
        jsonschema_rs.canonicalize(schema, draft=draft, validate_formats=formats) for schema in (publisher, subscriber)
    )
    answer = str(wide.covers(narrow)).lower()
    return None if "unknown" in answer else "yes" in answer


def jsonsubschema(publisher: Any, subscriber: Any, formats: bool) -> bool | None:
    from jsonsubschema import isSubschema

    return bool(isSubschema(publisher, subscriber))


def jsoncompat(publisher: Any, subscriber: Any, formats: bool) -> bool | None:
    from jsoncompat import check_compat

    return bool(check_compat(json.dumps(publisher), json.dumps(subscriber), "deserializer"))


def checkers() -> dict[str, Checker]:
    peers: dict[str, Checker] = {
        "jsonschema_rs": jsonschema_rs,
        "jsonsubschema": jsonsubschema,
        "jsoncompat": jsoncompat,
    }
    return {"eventkit": eventkit} | {name: check for name, check in peers.items() if find_spec(name)}


def pydantic_pairs() -> list[Pair]:
    return [(row["publisher"], row["subscriber"], row["compatible"]) for row in rows("pairs/pydantic.jsonl")]


def containment() -> list[Pair]:
    every = rows("containment/draft2020-12.jsonl")
    return [(row["sub"], row["sup"], row["contained"]) for row in every if row["format"] == "annotation"]


def rows(name: str) -> list[dict[str, Any]]:
    with (Path(DATA or "") / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def limited(check: Checker, publisher: Any, subscriber: Any, formats: bool) -> bool | None:
    """Return a checker's answer; interrupt it after the limit."""

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, LIMIT)  # again and again: some catch everything
    try:
        return check(publisher, subscriber, formats)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def decided(title: str, pairs: list[Pair], repeats: int, *, formats: bool) -> Table:
    """Return what each checker decides of some pairs; of each pair's times, the shortest counts."""
    found = []
    for name, check in checkers().items():
        counts: Counter[str] = Counter()
        times = []
        for publisher, subscriber, contained in pairs:
            took = []
            answer: bool | None = None
            for _ in range(repeats):
                begun = time.perf_counter()
                try:
                    answer = limited(check, publisher, subscriber, formats)
                except Exception:  # noqa: BLE001 - whatever a peer raises, it has not decided
                    answer = None
                took.append(time.perf_counter() - begun)
            times.append(min(took))
            counts["undecided" if answer is None else "right" if answer is contained else "wrong"] += 1
        times.sort()
        cells = [str(counts[each]) for each in ("right", "wrong", "undecided")]
        middle, late = times[len(times) // 2], times[int(len(times) * 0.95)]
        found.append((name, *cells, _ms(middle), _ms(late), _ms(times[-1]), f"{sum(times):.2f} s"))
    columns = ("checker", "right", "wrong", "undecided", "median", "p95", "slowest", "all")
    note = "Only eventkit gives counterexamples. A label of the suite that validators refute counts as wrong."
    return Table(f"{title}: {len(pairs)} pairs", columns, found, note)


def model(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def fields(number: int, kind: str) -> dict[str, Any]:
    return {f"field_{index}": {"type": kind, "title": f"Field {index}"} for index in range(number)}


def union(number: int, kind: str) -> dict[str, Any]:
    branches = [model({"kind": {"const": f"kind_{index}"}, **fields(5, kind)}) for index in range(number)]
    return model({"event": {"oneOf": branches}})


def nested(number: int, kind: str) -> dict[str, Any]:
    inner = model(fields(number, kind))
    for _ in range(2):
        inner = model({**fields(number, kind), "inner": inner})
    return inner


def growth() -> Table:
    """Return how long pairs of growing size take that fit, and that do not fit in one place."""
    cases: dict[str, tuple[Any, Any, Any]] = {}
    for number in (10, 100, 1_000, 10_000):
        wrong = model(fields(number, "number"))
        wrong["properties"]["field_5"] = {"type": "string"}
        cases[f"{number:,} fields"] = (model(fields(number, "integer")), model(fields(number, "number")), wrong)
    cases["3 levels of 200 fields"] = (nested(200, "integer"), nested(200, "number"), nested(200, "string"))
    for number in (50, 500, 5_000):
        values = [f"value_{index}" for index in range(number)]
        cases[f"enum of {number:,}"] = ({"enum": values}, {"enum": values[::-1]}, {"enum": values[1:]})
    for number in (20, 200):
        cases[f"union of {number} models"] = (
            union(number, "integer"),
            union(number, "number"),
            union(number - 1, "number"),
        )
    found = []
    for name, (publisher, fitting, unfitting) in cases.items():
        fits, fails = (_shortest(publisher, subscriber) for subscriber in (fitting, unfitting))
        found.append((name, _ms(fits), _ms(fails)))
    return Table("How the time grows", ("pair", "compatible", "incompatible"), found)


def _shortest(publisher: Any, subscriber: Any) -> float:
    took = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        compare(publisher, subscriber)
        took.append(time.perf_counter() - begun)
    return min(took)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


def run() -> list[Table]:
    tables = [growth()]
    if DATA is not None:
        tables.append(decided("Pairs as pydantic emits them", pydantic_pairs(), REPEATS, formats=True))
        tables.append(decided("Containment suite, draft 2020-12", containment(), 1, formats=False))
    return tables
