"""The part of `benchmarks/faults.md` that `make faults` writes. What people wrote around it stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.ledger import Findings
from tests.faults.stage import Measures

BEGIN: Final = "<!-- `make faults` writes from here -->"
END: Final = "<!-- to here -->"
NEW: Final = f"# The fault campaign\n\n{BEGIN}\n{END}\n"
COLUMNS: Final = (
    *("bus", "scenario", "kept", "confirmed", "refused", "handled", "calls", "dead"),
    *("resumed, s", "all keys, s", "drained, s", "memory, MB", "s", "played"),
)


class Result(NamedTuple):
    """What came of one scenario on one bus.

    Args:
        bus: The bus.
        scenario: The scenario, as the report calls it.
        findings: What the ledger says; none where it did not come to its end.
        measures: What was measured.
        problem: What went wrong, beside broken promises.
        seconds: How long it took.
        played: How it was played: how often each fault happened, the seed, the day.
    """

    bus: str
    scenario: str
    findings: Findings | None
    measures: Measures
    problem: str
    seconds: float
    played: str

    @property
    def kept(self) -> bool:
        """Whether all promises were kept."""
        return self.findings is not None and not self.findings.broken and not self.problem


def played(times: int, seed: int, day: date) -> str:
    """Say how a scenario was played."""
    return f"{times} times, seed {seed}, {day}"


class Report:
    """The report, which keeps the rows of what is not played again.

    Args:
        path: The file.
        buses: The names of all buses, in the order of the table.
        scenarios: What each scenario is, by its name, in the order of the table.

    Raises:
        ValueError: The file is there, and has no place for the table.
    """

    def __init__(self, path: Path, buses: Sequence[str], scenarios: dict[str, str]) -> None:
        self._path = path
        self._buses = buses
        self._scenarios = scenarios
        self._parts()

    def add(self, result: Result) -> None:
        """Put in the row of a scenario, in place of the one that is there."""
        before, table, after = self._parts()
        rows = {tuple(_cells(line)[:2]): line for line in table.splitlines() if line.startswith("| ")}
        rows.pop(COLUMNS[:2], None)
        rows[result.bus, result.scenario] = row(result)
        self._path.write_text(f"{before}{BEGIN}\n{self._table(rows)}{END}{after}", "utf-8")

    def _parts(self) -> tuple[str, str, str]:
        text = self._path.read_text("utf-8") if self._path.exists() else NEW
        before, begin, rest = text.partition(BEGIN)
        table, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{self._path} has no place for the table: put in the lines {BEGIN} and {END}")
        return before, table, after

    def _table(self, rows: dict[tuple[str, ...], str]) -> str:
        lines = [
            "",
            *(f"- **{name}**: {what}" for name, what in self._scenarios.items()),
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---" * len(COLUMNS) + "|",
            *(rows[key] for key in sorted(rows, key=self._place)),
            "",
        ]
        return "\n".join(lines) + "\n"

    def _place(self, key: tuple[str, ...]) -> tuple[int, int]:
        bus, scenario = key
        # A soak is called after its length, and comes where soaks do.
        names = [
            place
            for place, name in enumerate(self._scenarios)
            if scenario == name or scenario.startswith(f"{name} of ")
        ]
        return _index(self._buses, bus), names[0] if names else len(self._scenarios)


def row(result: Result) -> str:
    """Return the row of the table that shows a result."""
    found, measured = result.findings, result.measures
    counts = (found.confirmed, found.refused, found.handled, found.calls, found.dead) if found else ()
    cells = (
        result.bus,
        result.scenario,
        "yes" if result.kept else f"**no**: {_in_a_cell(result.problem.partition('; see ')[0])}",
        *([f"{count:,}" for count in counts] or ["-"] * 5),
        _worst(measured.resumed),
        _worst(measured.keys_resumed),
        _worst(measured.drained),
        "{:.0f}, then {:.0f}".format(*measured.early_and_late) if measured.sizes else f"{measured.memory:.0f}",
        f"{result.seconds:.0f}",
        result.played,
    )
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split(" | ")]


def _in_a_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _worst(values: Iterable[float]) -> str:
    values = list(values)
    return f"{max(values):.1f}" if values else "-"


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)
