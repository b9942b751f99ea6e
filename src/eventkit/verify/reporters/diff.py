"""How a diff is written. A format is one module with one function and one row here."""

from __future__ import annotations

from enum import StrEnum
from typing import TextIO

from eventkit.verify.diff import Diff


class DiffFormat(StrEnum):
    """The formats in which a diff is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def write_diff(diff: Diff, format: DiffFormat, stream: TextIO) -> None:
    """Write a diff to a stream."""
    if format is DiffFormat.JSON:
        from eventkit.verify.reporters.diff_json import write_json

        write_json(diff, stream)
    elif format is DiffFormat.MARKDOWN:
        from eventkit.verify.reporters.diff_markdown import write_markdown

        write_markdown(diff, stream)
    else:
        from eventkit.verify.reporters.diff_text import write_text

        write_text(diff, stream)
