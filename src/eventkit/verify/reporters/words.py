"""What reports say of findings in plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, get_args

from eventkit.schema import MISSING
from eventkit.schema.comparison import Verdict
from eventkit.verify.finding import Finding, Report, title
from eventkit.verify.rules import Severity
from eventkit.verify.words import json_text

MOST: Final = 10
"""How many pairs or places are named before the rest is counted."""


def printable(text: str) -> str:
    """Return a text without line ends and whatever else a terminal would obey: names come from elsewhere."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def sentence(finding: Finding) -> str:
    """Return what is wrong in one line."""
    return f"{finding.headline}: {finding.detail}" if finding.detail else finding.headline


def paragraphs(finding: Finding) -> Iterator[str]:
    """Yield what is wrong, all pairs that break if there are several, an event that shows it, and what mends it."""
    yield sentence(finding)
    if finding.further:
        pairs = [f"{title(event)} from {sender} to {reader}" for event, sender, reader, _ in finding.pairs]
        more = f" and {len(pairs) - MOST} more" if len(pairs) > MOST else ""
        yield f"Breaks {', '.join(pairs[:MOST])}{more}"
    if finding.counterexample is not MISSING:
        yield f"Counterexample: {json_text(finding.counterexample)}"
    if finding.advice:
        yield f"Help: {finding.advice}"


def summary(report: Report) -> list[str]:
    """Return how much was checked and how much was found, in a few lines."""
    verdicts = Counter(pair.verdict for pair in report.pairs)
    pairs = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in get_args(Verdict) if verdicts[verdict])
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
    silenced = f", {len(report.silenced)} silenced" if report.silenced else ""
    return [*lines, f"{found or 'no findings'}{silenced}{note}", *_answer(report)]


def _answer(report: Report) -> list[str]:
    """Return whether the service that was asked about can be deployed."""
    if report.service is None:
        return []
    return [
        f"yes: {report.service} fits what is deployed",
        f"no: {report.service} does not fit what is deployed",
        f"no: whether {report.service} fits what is deployed is not known, as not all could be read",
    ][report.status : report.status + 1]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
