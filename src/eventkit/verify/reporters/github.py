"""A report as GitHub shows it: annotations in the changed files, and a summary of the step.

Workflow commands: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from eventkit.verify.finding import Finding, Report
from eventkit.verify.reporters.places import in_repository
from eventkit.verify.reporters.words import MOST, paragraphs, printable, sentence, summary
from eventkit.verify.rules import RULES, Severity

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_MAX_SUMMARY: Final = 900_000
"""Characters of a summary: GitHub takes 1 MiB, and no part of a longer one."""


def write_github(report: Report, stream: TextIO) -> None:
    """Write a workflow command for each finding, and append a table to the file that `GITHUB_STEP_SUMMARY` names."""
    for finding in report.findings:
        stream.write(f"{_command(finding)}\n")
    for line in summary(report):
        stream.write(f"{line}\n")
    file = os.environ.get(_SUMMARY)
    if file:
        with Path(file).open("a", encoding="utf-8", errors="backslashreplace") as steps:
            steps.write(_shortened(_markdown(report)))


def _command(finding: Finding) -> str:
    properties = {"title": f"{finding.code}: {RULES[finding.code].title}"}
    if finding.spots:
        place = finding.spots[0].place
        properties = {
            "file": in_repository(place.file),
            "line": str(place.line),
            "col": str(place.column),
            **properties,
        }
        if place.width:
            properties["endColumn"] = str(place.column + place.width)
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(chr(10).join(_told(finding)))}"


def _told(finding: Finding) -> Iterator[str]:
    """Yield the paragraphs, and where else to look: an annotation stands at one place only."""
    yield from paragraphs(finding)
    for spot in finding.all_spots[1 : MOST + 1]:
        yield f"See {in_repository(spot.place.file)}:{spot.place.line} {spot.label}".rstrip()


def _data(text: str) -> str:
    # Line ends keep their meaning; all else that a terminal would obey has none in a log.
    lines = "\n".join(map(printable, text.replace("%", "%25").replace("\r", "%0D").split("\n")))
    return lines.replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(report: Report) -> Iterator[str]:
    yield "## eventkit verify\n\n"
    yield "  \n".join(map(_cell, summary(report))) + "\n\n"
    for title, findings in (("Findings", report.findings), ("Silenced", report.silenced)):
        if findings:
            yield f"| {title} | What | Where |\n|---|---|---|\n"
            for finding in findings:
                where = "<br>".join(
                    f"{_cell(in_repository(spot.place.file))}:{spot.place.line}" for spot in finding.spots
                )
                reason = f"<br>Reason: {_cell(finding.silence.reason)}" if finding.silence else ""
                yield f"| {finding.severity} {finding.code} | {_cell(sentence(finding))}{reason} | {where} |\n"
            yield "\n"


def _cell(text: str) -> str:
    """Return text for a cell of a table: nothing in it is taken for markup."""
    kept = "".join(f"\\{char}" if char in r"\`*_[]|<>#~" else char for char in text)
    return printable(" ".join(kept.split()))


def _shortened(lines: Iterator[str]) -> str:
    kept, length = [], 0
    for line in lines:
        length += len(line.encode(errors="backslashreplace"))
        if length > _MAX_SUMMARY:
            kept.append("\nThe rest is left out: it is too long for a summary.\n")
            break
        kept.append(line)
    return "".join(kept)
