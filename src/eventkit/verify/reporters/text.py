"""A report as text, for people: the table of pairs, the findings, and the sum."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from eventkit.schema.comparison import Verdict
from eventkit.verify.finding import Pair, Report, title
from eventkit.verify.reporters.console import ReportConsole
from eventkit.verify.reporters.frame import frame
from eventkit.verify.reporters.words import summary

_UNBOUNDED: Final = 10_000
_MOST_LISTED: Final = 200
"""Pairs that a table shows; of more, only those are listed that are not compatible."""
_PARTS_OF_NAME: Final = re.compile(r"[^._\s]*[._\s]|[^._\s]+")
_VERDICTS: Final[dict[Verdict, str]] = {"compatible": "green", "incompatible": "bold red", "unknown": "bold yellow"}


def write_text(report: Report, stream: TextIO, *, colours: bool = True) -> None:
    """Write a report; colours and width are those of the stream's terminal.

    Args:
        report: The report.
        stream: Where to. Without a terminal there are colours if FORCE_COLOR is set; never if NO_COLOR is, nor on a
            dumb terminal. COLUMNS is respected.
        colours: There may be colours at all.
    """
    # What is not read on a terminal has no width to keep: a name is easier found where it is not broken.
    width = None if stream.isatty() or "COLUMNS" in os.environ else _UNBOUNDED
    console = ReportConsole(
        file=stream,
        width=width,
        # Without a colour system rich writes no escape at all; asked for no colour, it would still write bold.
        color_system="auto" if colours and not os.environ.get("NO_COLOR") else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    listed = _listed(report.pairs)
    if listed:
        console.print(_table(listed))
        console.print()
    for finding in report.findings:
        # Not wrapped: a counterexample is there to be copied, and marks stand below what they mark.
        console.print(frame(finding), soft_wrap=True)
        console.print()
    for line in summary(report):
        console.print(line, soft_wrap=True)


def _listed(pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Return the pairs that are worth a line: in a large landscape those that fit say nothing that the sum does not."""
    return pairs if len(pairs) <= _MOST_LISTED else [pair for pair in pairs if pair.verdict != "compatible"]


def _table(pairs: Sequence[Pair]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("event", "publisher", "subscriber"):
        table.add_column(name, overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for pair in pairs:
        names = (_Name(name) for name in (title(pair.event), pair.publisher, pair.subscriber))
        table.add_row(*names, Text(pair.verdict, _VERDICTS[pair.verdict]))
    return table


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in the table: in a narrow column it is broken after its dots and underscores, if it can be."""

    name: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        line = ""
        for part in _PARTS_OF_NAME.findall(self.name):
            if line and cell_len(line + part) > options.max_width:
                yield Text(line, overflow="fold")
                line = ""
            line += part
        yield Text(line, overflow="fold")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, _PARTS_OF_NAME.findall(self.name)), default=0)
        return Measurement(longest, cell_len(self.name))
