"""How a report is written. A format is one module with one function and one row here."""

from __future__ import annotations

from enum import StrEnum
from typing import TextIO

from eventkit.verify.finding import Report


class Format(StrEnum):
    """The formats in which a report is written."""

    TEXT = "text"
    JSON = "json"


def write(report: Report, format: Format, stream: TextIO) -> None:
    """Write a report to a stream; colours and width of text are those that the stream's terminal has."""
    # Imported when it is used: JSON needs nothing of what text needs.
    if format is Format.JSON:
        from eventkit.verify.reporters.json_report import write_json

        write_json(report, stream)
    else:
        from eventkit.verify.reporters.text import write_text

        write_text(report, stream)
