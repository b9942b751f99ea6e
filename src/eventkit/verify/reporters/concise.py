"""A report with one line a finding, as editors and grep understand it: `path:line:column: EK102 message`."""

from __future__ import annotations

from typing import TextIO

from eventkit.verify.finding import Report
from eventkit.verify.reporters.words import printable, sentence


def write_concise(report: Report, stream: TextIO) -> None:
    """Write one line for each finding; one without a place begins with `eventkit`."""
    for finding in report.findings:
        place = finding.spots[0].place if finding.spots else None
        where = f"{place.file}:{place.line}:{place.column}" if place else "eventkit"
        line = " ".join(f"{where}: {finding.code} {sentence(finding)}".split())
        stream.write(f"{printable(line)}\n")
