"""Measuring side by side, and showing it."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """What one benchmark found.

    Args:
        title: What was measured.
        columns: Their names.
        rows: Their values, as they are to be read.
        note: What one has to know to read it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        first, *rest = (
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        )
        ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        note = ["", self.note] if self.note else []
        return "\n".join([f"## {self.title}", "", first, ruler, *rest, *note])


def alternate(
    cases: Mapping[str, Callable[[], float]],
    rounds: int = 7,
    choose: Callable[[Sequence[float]], float] = statistics.median,
) -> dict[str, float]:
    """Return the median of what each case returns, or what else is to be chosen from it.

    In each round every case runs once, so that whatever else the machine does meets all of them.

    Args:
        cases: Each measures once.
        rounds: How often.
        choose: `min` for what computes and nothing else, where all above the shortest is other work of the machine.
    """
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            found[name].append(measure())
    return {name: choose(values) for name, values in found.items()}


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def goal(text: str, met: bool) -> str:
    """Return a goal as a cell of a table shows it."""
    return f"{text}, {'met' if met else 'missed'}"


def milliseconds(seconds: float) -> str:
    """Return a duration as a cell of a table shows it."""
    return f"{seconds * 1000:,.3f} ms"


def machine() -> str:
    """Return what the results were measured on, in a line."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )
