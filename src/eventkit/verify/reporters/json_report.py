"""A report as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any, TextIO

from eventkit.schema import MISSING
from eventkit.schema.values import Json
from eventkit.verify.finding import Finding, Pair, Report, title
from eventkit.verify.rules import Severity


def write_json(report: Report, stream: TextIO) -> None:
    """Write a report as one JSON object.

    `counterexample` is null where there is none. Version 1 of an event is called by its type name, others as
    `order.created v2`.
    """
    document = {
        "summary": _summary(report),
        "pairs": [_pair(pair) for pair in report.pairs],
        "findings": [_finding(finding) for finding in report.findings],
    }
    json.dump(document, stream, indent=2)
    stream.write("\n")


def _summary(report: Report) -> dict[str, Any]:
    verdicts = [pair.verdict for pair in report.pairs]
    return {
        "services": report.services,
        "neighbours": report.neighbours,
        "complete": report.complete,
        "pairs": len(verdicts),
        **{verdict: verdicts.count(verdict) for verdict in ("compatible", "incompatible", "unknown")},
        **{f"{severity}s": report.counts[severity] for severity in Severity},
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "event": title(pair.event),
        "publisher": pair.publisher,
        "subscriber": pair.subscriber,
        "verdict": pair.verdict,
        "counterexample": _or_null(pair.counterexample),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": f"{finding.message}: {finding.detail}" if finding.detail else finding.message,
        "event": title(finding.event) if finding.event else None,
        "publisher": finding.publisher,
        "subscriber": finding.subscriber,
        "path": finding.path,
        "locations": [{"file": spot.place.file, "line": spot.place.line} for spot in finding.spots],
        "counterexample": _or_null(finding.counterexample),
        "help": finding.help,
    }


def _or_null(counterexample: Json) -> Json:
    return None if counterexample is MISSING else counterexample
