"""Where a server is not installed, its tests say so; where servers are required, they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.fixtures import pytest_terminal_summary, required
from tests.servers.redis import Redis
from tests.servers.server import ServerFailedError


class Missing(Redis):
    kind = "missing"
    install = "apt install missing"

    @classmethod
    def program(cls) -> Path | None:
        return None


def test_a_missing_server_skips_its_tests_and_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EVENTKIT_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED: no server for missing; apt install missing"):
        required(Missing)


def test_a_missing_server_fails_its_tests_where_servers_are_required(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVENTKIT_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"missing is not installed.*apt install missing"):
        required(Missing)


def test_a_missing_server_does_not_start(tmp_path: Path):
    with pytest.raises(ServerFailedError, match="missing is not installed; apt install missing"):
        Missing(tmp_path).start()


class Reporter:
    """What pytest's reporter knows of a run, and what it is told to write."""

    def __init__(self, *reasons: str) -> None:
        self.stats = {"skipped": [Report(("file.py", 1, f"Skipped: {reason}")) for reason in reasons]}
        self.lines: list[str] = []

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)


class Report:
    def __init__(self, longrepr: tuple[str, int, str]) -> None:
        self.longrepr = longrepr


def test_the_end_of_a_run_names_the_servers_that_no_test_has_seen():
    reporter = Reporter(
        "NOT TESTED: no server for redis; a", "NOT TESTED: no server for kafka; b", "NOT TESTED: no server for redis; a"
    )
    pytest_terminal_summary(reporter)
    assert [line.partition(" (")[0] for line in reporter.lines] == ["NOT TESTED: no server for kafka, redis"]


def test_the_end_of_a_run_is_silent_where_none_was_missing():
    reporter = Reporter("needs Windows")
    pytest_terminal_summary(reporter)
    assert reporter.lines == []
