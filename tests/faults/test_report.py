"""A report keeps what is not played again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.faults.ledger import Findings
from tests.faults.report import BEGIN, END, Report, Result, played
from tests.faults.stage import Measures

BUSES = ("sqlite", "nats")
SCENARIOS = {"poison": "events that always fail", "full": "a limit", "soak": "many events"}


def result(bus: str = "nats", scenario: str = "full", confirmed: int = 1_234, problem: str = "") -> Result:
    findings = Findings(confirmed=confirmed, handled=confirmed, calls=confirmed)
    return Result(bus, scenario, findings, Measures(), problem, 12.3, played(3, 7, date(2026, 11, 27)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults.md"


def rows(path: Path) -> list[list[str]]:
    lines = [line for line in path.read_text().splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines[1:]]


class TestReport:
    def test_only_the_row_that_was_played_is_replaced(self, path: Path) -> None:
        for each in (result("nats", "poison", 1), result("nats", "full", 2), result("sqlite", "poison", 3)):
            Report(path, BUSES, SCENARIOS).add(each)

        Report(path, BUSES, SCENARIOS).add(result("nats", "poison", 4))

        shown = [(bus, scenario, confirmed) for bus, scenario, _, confirmed, *_ in rows(path)]
        assert shown == [("sqlite", "poison", "3"), ("nats", "poison", "4"), ("nats", "full", "2")]

    def test_what_stands_around_the_table_stays(self, path: Path) -> None:
        path.write_text(
            f"# Faults\n\nBy hand.\n\n{BEGIN}\n{END}\n\n## Not kept\n\n| a | table |\n|---|---|\n| of | words |\n"
        )

        for number in range(3):
            Report(path, BUSES, SCENARIOS).add(result(confirmed=number))

        before, _, rest = path.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        assert before == "# Faults\n\nBy hand.\n\n"
        assert after == "\n\n## Not kept\n\n| a | table |\n|---|---|\n| of | words |\n"

    def test_rows_of_other_buses_and_scenarios_stay_behind_the_known_ones(self, path: Path) -> None:
        path.write_text(f"{BEGIN}\n| bus | scenario | kept |\n|---|---|---|\n| pigeons | rain | no |\n{END}\n")

        Report(path, BUSES, SCENARIOS).add(result())

        assert [row[:2] for row in rows(path)] == [["nats", "full"], ["pigeons", "rain"]]

    def test_soaks_of_different_lengths_have_a_row_each(self, path: Path) -> None:
        report = Report(path, BUSES, SCENARIOS)
        report.add(result(scenario="soak of 1,000,000"))
        report.add(result(scenario="soak of 100,000"))
        report.add(result(scenario="poison"))

        assert [row[1] for row in rows(path)] == ["poison", "soak of 1,000,000", "soak of 100,000"]

    def test_a_broken_promise_shows_in_one_row(self, path: Path) -> None:
        Report(path, BUSES, SCENARIOS).add(result(problem="I1 nothing lost: a | b\nc; see the log"))

        assert rows(path)[0][2] == "**no**: I1 nothing lost: a \\| b c"

    def test_a_row_tells_how_it_was_played(self, path: Path) -> None:
        Report(path, BUSES, SCENARIOS).add(result())

        assert rows(path)[0][-1] == "3 times, seed 7, 2026-11-27"

    def test_a_file_without_a_place_for_the_table_is_left_alone(self, path: Path) -> None:
        path.write_text("# Mine\n")

        with pytest.raises(ValueError, match="no place for the table"):
            Report(path, BUSES, SCENARIOS)
        assert path.read_text() == "# Mine\n"

    def test_the_report_of_this_repository_has_its_place(self) -> None:
        Report(Path(__file__).parents[2] / "benchmarks" / "faults.md", BUSES, SCENARIOS)
