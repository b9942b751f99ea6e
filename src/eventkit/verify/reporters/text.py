"""A report as text, for people: the table of pairs, the findings, and the sum."""

from __future__ import annotations

import os
import re
from collections import Counter
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
from eventkit.verify.reporters.frame import frame
from eventkit.verify.rules import Severity

_UNBOUNDED: Final = 10_000
_MOST_LISTED: Final = 200
"""Pairs that a table shows; of more, only those are listed that are not compatible."""
_PARTS_OF_NAME: Final = re.compile(r"[^._\s]*[._\s]|[^._\s]+")
_VERDICTS: Final[dict[Verdict, str]] = {"compatible": "green", "incompatible": "bold red", "unknown": "bold yellow"}


def write_text(report: Report, stream: TextIO) -> None:
    """Write a report; colours and width are those of the stream's terminal, NO_COLOR and COLUMNS are respected."""
    # What is not read on a terminal has no width to keep: a name is easier found where it is not broken.
    width = None if stream.isatty() or "COLUMNS" in os.environ else _UNBOUNDED
    console = Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
    listed = _listed(report.pairs)
    if listed:
        console.print(_table(listed))
        console.print()
    for finding in report.findings:
        # Not wrapped: a counterexample is there to be copied, and marks stand below what they mark.
        console.print(frame(finding), soft_wrap=True)
        console.print()
    for line in _sum(report):
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


def _sum(report: Report) -> list[str]:
    verdicts = Counter(pair.verdict for pair in report.pairs)
    pairs = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in _VERDICTS if verdicts[verdict])
    lines = [
        f"{_number(report.services, 'service')}, {_number(report.neighbours, 'neighbour')}, "
        f"{_number(len(report.pairs), 'pair')}{pairs and ': '}{pairs}"
    ]
    if not report.complete:
        lines.append("Not checked, as not all could be read: which events are never published or never handled")
    listed = Counter(finding.severity for finding in report.findings)
    found = ", ".join(_number(listed[severity], severity) for severity in Severity if listed[severity])
    hidden = report.counts.total() - listed.total()
    note = f" ({hidden} of lower severity not listed: add --severity info)" if hidden else ""
    return [*lines, f"{found or 'no findings'}{note}"]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
