"""Annotations and the summary of a step."""

from dataclasses import replace

import pytest

from eventkit.discovery.contract import Place
from eventkit.verify.finding import Finding, Spot
from eventkit.verify.reporters import Format
from tests.verify.reporters.reports import full_report, odd_report, written


@pytest.fixture(autouse=True)
def summary(tmp_path, monkeypatch):
    """The file of the summary; it holds what an earlier step wrote."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "summary.md"
    file.write_text("# Before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def test_a_report_as_workflow_commands(snapshot) -> None:
    assert written(full_report(), Format.GITHUB) == snapshot


def test_the_summary_is_appended(summary, snapshot) -> None:
    written(full_report(), Format.GITHUB)

    assert summary.read_text("utf-8") == snapshot


def test_without_a_summary_none_is_written(summary, monkeypatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    written(full_report(), Format.GITHUB)

    assert summary.read_text("utf-8") == "# Before\n"


def test_nothing_in_a_text_ends_a_command_or_a_property() -> None:
    report = odd_report()
    commands = written(report, Format.GITHUB).splitlines()[: len(report.findings)]

    for command in commands:
        start, _, data = command.removeprefix("::").partition("::")
        severity, _, properties = start.partition(" ")
        assert severity == "error"
        assert all("=" in part for part in properties.split(","))
        assert "50%25 of a:b,c]]>" in data
        assert "%0D%0A" in data
    assert "\x1b" not in written(report, Format.GITHUB)
    assert "file=a b/ü%25%2C%3A.py,line=1,col=1,title=EK502%3A a service could not be imported" in commands[1]


def test_nothing_in_a_text_is_markup_in_the_summary(summary) -> None:
    written(odd_report(), Format.GITHUB)
    rows = [line for line in summary.read_text("utf-8", errors="replace").splitlines() if line.startswith("| error")]

    assert len(rows) == 4
    assert all(r"\<b\>&amp; \| \`x\`" in row for row in rows)


def test_a_file_is_named_from_the_root_of_the_repository(tmp_path, monkeypatch) -> None:
    (tmp_path / "services").mkdir()
    monkeypatch.chdir(tmp_path / "services")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    finding = Finding("EK502", "it fails", spots=(Spot(Place("shop/a.py", 1)),))

    assert "file=services/shop/a.py," in written(replace(odd_report(), findings=(finding,)), Format.GITHUB)


def test_a_summary_that_is_too_long_says_so(summary) -> None:
    report = odd_report()
    written(replace(report, findings=report.findings * 2000), Format.GITHUB)

    text = summary.read_text("utf-8")
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("\nThe rest is left out: it is too long for a summary.\n")
