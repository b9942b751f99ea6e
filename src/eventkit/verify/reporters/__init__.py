"""How a report is written. A format is one module with one function and one row here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final, TextIO

from eventkit.verify.finding import Report


class Format(StrEnum):
    """The formats in which a report is written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"
    GITLAB = "gitlab"


_WRITERS: Final = {
    Format.TEXT: ("text", "write_text"),
    Format.CONCISE: ("concise", "write_concise"),
    Format.JSON: ("json_report", "write_json"),
    Format.SARIF: ("sarif", "write_sarif"),
    Format.GITHUB: ("github", "write_github"),
    Format.JUNIT: ("junit", "write_junit"),
    Format.GITLAB: ("gitlab", "write_gitlab"),
}
"""The module and the function of each format."""


def write(report: Report, format: Format, stream: TextIO) -> None:
    """Write a report to a stream; colours and width of text are those that the stream's terminal has."""
    # Imported when it is used: JSON needs nothing of what text needs.
    module, function = _WRITERS[format]
    writer: Callable[[Report, TextIO], None] = getattr(import_module(f"{__name__}.{module}"), function)
    writer(report, stream)


def write_file(report: Report, format: Format, file: Path) -> None:
    """Write a report to a file; text has no colours there, whatever the terminal is said to want."""
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        if format is Format.TEXT:
            from eventkit.verify.reporters.text import write_text

            write_text(report, stream, colours=False)
        else:
            write(report, format, stream)
