"""How the time of a comparison grows with the number of fields, members of an enum and models of a union."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks import schema_plot
from benchmarks.measure import Table, alternate, goal, milliseconds
from benchmarks.schema_data import Pair
from benchmarks.schema_peers import Checker, absent, ask, checkers

ROUNDS = 5
SLOW = 0.2
"""Seconds after which a checker is not asked about the next larger pair."""

SIZES = {
    "fields": (10, 100, 1_000, 10_000),
    "members of an enum": (50, 500, 5_000),
    "models of a union": (2, 20, 200),
}
GOALS = {("models of a union", 200): 0.1}
NESTED_GOAL = 0.02
FAILS = "eventkit, one does not fit"


def model(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def fields(number: int, kind: str) -> dict[str, Any]:
    return {f"field_{index}": {"type": kind, "title": f"Field {index}"} for index in range(number)}


def flat(number: int) -> tuple[Any, Any, Any]:
    wrong = fields(number, "number") | {"field_5": {"type": "string"}}
    return model(fields(number, "integer")), model(fields(number, "number")), model(wrong)


def enum(number: int) -> tuple[Any, Any, Any]:
    values = [f"value_{index}" for index in range(number)]
    return {"enum": values}, {"enum": values[::-1]}, {"enum": values[1:]}


def union(number: int) -> tuple[Any, Any, Any]:
    def tagged(kind: str, count: int = number) -> dict[str, Any]:
        branches = [model({"kind": {"const": f"kind_{index}"}, **fields(5, kind)}) for index in range(count)]
        return model({"event": {"oneOf": branches}})

    return tagged("integer"), tagged("number"), tagged("number", number - 1)


PAIRS: Mapping[str, Callable[[int], tuple[Any, Any, Any]]] = {
    "fields": flat,
    "members of an enum": enum,
    "models of a union": union,
}
"""Each makes a publisher of some size, a subscriber that accepts all of it, and one that does but for one part."""


def nested(kind: str, innermost: str | None = None) -> dict[str, Any]:
    """Return a model of 3 levels of 200 fields; one field of the last may be of another kind."""
    last = fields(200, kind)
    if innermost is not None:
        last["field_5"] = {"type": innermost}
    inner = model(last)
    for _ in range(2):
        inner = model({**fields(200, kind), "inner": inner})
    return inner


def measure(cases: dict[str, tuple[Checker, Pair]]) -> dict[str, float]:
    """Return the seconds, the shortest of all rounds, of those that answer rightly in time."""
    timed = {}
    for name, (check, pair) in cases.items():
        answer, _ = ask(check(pair))
        if answer is pair.compatible:
            timed[name] = partial(lambda check, pair: ask(check(pair))[1], check, pair)
    return alternate(timed, ROUNDS, choose=min)


def series(kind: str) -> dict[str, dict[int, float]]:
    """Return the seconds by checker and size, as far as each checker gets."""
    every = checkers()
    found: dict[str, dict[int, float]] = {name: {} for name in ("eventkit", FAILS, *every)}
    asked = set(found)
    for size in SIZES[kind]:
        publisher, fitting, unfitting = PAIRS[kind](size)
        cases = {name: (check, Pair(publisher, fitting, True)) for name, check in every.items()}
        cases[FAILS] = (every["eventkit"], Pair(publisher, unfitting, False))
        times = measure({name: case for name, case in cases.items() if name in asked})
        for name, took in times.items():
            found[name][size] = took
        asked = {name for name, took in times.items() if took < SLOW or name in ("eventkit", FAILS)}
    return found


def levels() -> Table:
    """Return how long a pair of models with 3 levels of 200 fields takes."""
    sent = nested("integer")
    pairs = {
        "it fits": Pair(sent, nested("number"), True),
        "one field does not fit": Pair(sent, nested("number", "string"), False),
        "no field fits: 600 problems": Pair(sent, nested("string"), False),
    }
    every = checkers()
    rows = []
    for title, pair in pairs.items():
        found = measure({name: (check, pair) for name, check in every.items()})
        met = goal("20 ms", found["eventkit"] < NESTED_GOAL)
        rows.append([title, *(_cell(found.get(name)) for name in every), met])
    return Table("3 levels of 200 fields", ["pair", *every, "goal"], rows, _note())


def tables() -> list[Table]:
    grown = {kind: series(kind) for kind in SIZES}
    names = list(next(iter(grown.values())))
    rows = []
    for kind, found in grown.items():
        for size in SIZES[kind]:
            own = max(found[name].get(size, float("inf")) for name in ("eventkit", FAILS))
            limit = GOALS.get((kind, size))
            met = "" if limit is None else goal(milliseconds(limit), own < limit)
            each = f"{found['eventkit'][size] / size * 1e6:.1f} µs"
            rows.append([f"{size:,} {kind}", *(_cell(found[name].get(size)) for name in names), each, met])
    drawn = schema_plot.draw(grown)
    columns = ["pair", *names, "eventkit, for each", "goal"]
    return [levels(), Table("How the time grows", columns, rows, "\n".join([_note(), drawn]))]


def _note() -> str:
    return f"Empty: no right answer, or more than {SLOW * 1000:.0f} ms at the size before. {absent()}".strip()


def _cell(seconds: float | None) -> str:
    return "" if seconds is None else milliseconds(seconds)
