"""Containment of schemas: how much is decided rightly, how fast, and how the time grows with the schemas.

Whatever is compared is measured in the same run: pair by pair, each checker in turn. Of the times that a pair takes the
shortest counts: a comparison computes and nothing else, so that all above it is other work of the machine. The first
tables read the data sets in the folder that EVENTKIT_TEST_DATA names.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks import schema_data, schema_growth
from benchmarks.measure import Table, goal, milliseconds
from benchmarks.schema_data import Pair
from benchmarks.schema_peers import absent, ask, checkers

ROUNDS = 5
VERDICTS = ("right", "wrongly compatible", "wrongly incompatible", "undecided")


@dataclass
class Result:
    """What one checker answered, and the seconds that each pair took: the first time, and as a rule (`times`)."""

    verdicts: Counter[str] = field(default_factory=Counter)
    decided: Counter[bool] = field(default_factory=Counter)
    total: Counter[bool] = field(default_factory=Counter)
    first: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, pair: Pair, answer: bool | None, times: list[float]) -> None:
        """Count the answer for a pair; `decided` and `total` tell the suite's optional pairs from the others."""
        optional = "/optional/" in pair.name
        self.total[optional] += 1
        self.decided[optional] += answer is not None
        self.verdicts[_verdict(pair, answer)] += 1
        self.first.append(times[0])
        self.times.append(min(times))


def _verdict(pair: Pair, answer: bool | None) -> str:
    if answer is None:
        return "undecided"
    if answer is pair.compatible:
        return "right"
    return "wrongly compatible" if answer else "wrongly incompatible"


def decide(pairs: list[Pair], rounds: int) -> dict[str, Result]:
    """Return what each checker makes of some pairs; a pair's time is the shortest of its rounds."""
    every = checkers()
    for check in every.values():
        ask(check(Pair({"type": "integer"}, {"type": "number"}, True)))  # so that none is measured as it is imported
    results = {name: Result() for name in every}
    for pair in pairs:
        answers: dict[str, bool | None] = {}
        times: dict[str, list[float]] = {name: [] for name in every}
        for name, check in every.items():
            for _ in range(rounds):
                answers[name], took = ask(check(pair))
                times[name].append(took)
        for name, result in results.items():
            result.add(pair, answers[name], times[name])
    return results


def table(title: str, results: dict[str, Result], goals: list[str], *notes: str) -> Table:
    rows = []
    own = statistics.median(results["eventkit"].times)
    for name, result in results.items():
        times = sorted(result.times)
        rows.append(
            [
                name,
                *(f"{result.verdicts[verdict]:,}" for verdict in VERDICTS),
                *map(milliseconds, (statistics.median(times), _p95(times), times[-1])),
                f"{sum(times):.2f} s",
                f"{statistics.median(times) / own:.2f}",
            ]
        )
    columns = ["checker", *VERDICTS, "median", "p95", "slowest", "all", "median beside eventkit's"]
    return Table(title, columns, rows, "\n".join(filter(None, (f"Goals: {'; '.join(goals)}.", *notes, absent()))))


def pydantic_pairs() -> Table:
    pairs = schema_data.pydantic()
    results = decide(pairs, ROUNDS)
    own = results["eventkit"]
    median, late = statistics.median(own.times), _p95(own.times)
    goals = [
        goal("all right", own.verdicts["right"] == len(pairs)),
        goal("median at most 0.2 ms", median <= 0.0002),
        goal("p95 at most 5 ms", late <= 0.005),
    ]
    first = (
        f"The first time that eventkit meets a pair, the median is {milliseconds(statistics.median(own.first))} and "
        f"the p95 {milliseconds(_p95(own.first))}: patterns that were read are remembered."
    )
    return table(f"Pairs as pydantic emits them: {len(pairs)}, each {ROUNDS} times", results, goals, first)


def containment(dialect: str) -> Table:
    pairs, corrected = schema_data.containment(dialect)
    results = decide(pairs, 1)
    own = results["eventkit"]
    core, optional = (own.decided[which] / own.total[which] for which in (False, True))
    goals = [
        goal("none wrong", not own.verdicts["wrongly compatible"] + own.verdicts["wrongly incompatible"]),
        goal(f"at least 99.5 % decided ({core * 100:.2f} %)", core >= 0.995),
        goal(f"and 97 % in `optional/` ({optional * 100:.2f} %)", optional >= 0.97),
    ]
    if dialect == "2020-12":
        goals.append(goal("all in less than 5 s", sum(own.times) < 5))
    labels = f"Labels of the suite that were corrected, since both validators refute them: {corrected}."
    return table(f"Containment suite, {dialect}: {len(pairs):,} pairs, each once", results, goals, labels)


def with_data(title: str, measure: Callable[[], Table]) -> Table:
    if schema_data.is_there():
        return measure()
    missing = f"{schema_data.VARIABLE} does not name the folder with the data"
    return Table(title, ["NOT MEASURED"], [[missing]])


def run() -> list[Table]:
    return [
        with_data("Pairs as pydantic emits them", pydantic_pairs),
        *(
            with_data(f"Containment suite, {dialect}", lambda dialect=dialect: containment(dialect))
            for dialect in schema_data.FILES
        ),
        *schema_growth.tables(),
    ]


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
