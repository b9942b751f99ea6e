"""A report as JSON, for programs."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final, TextIO

from eventkit.schema import MISSING
from eventkit.schema.values import Json
from eventkit.verify.finding import Finding, Pair, Report, title
from eventkit.verify.reporters.words import sentence
from eventkit.verify.rules import Severity

VERSION: Final = 1
"""Of the format: raised when a key is removed or means something else, not when one is added."""


def json_schema() -> str:
    """Return the JSON Schema of the report."""
    return files(__package__).joinpath("report.schema.json").read_text("utf-8")


def write_json(report: Report, stream: TextIO) -> None:
    """Write a report as one JSON object; `report.schema.json` beside this module says what is in it.

    `counterexample` is null where there is none, and `has_counterexample` tells that from an event that is null.
    Version 1 of an event is called by its type name, others as `order.created v2`.
    """
    document = {
        "version": VERSION,
        "summary": _summary(report),
        "pairs": [pair_document(pair) for pair in report.pairs],
        "findings": [finding_document(finding) for finding in report.findings],
        "silenced": [silenced_document(finding) for finding in report.silenced],
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
        "silenced": len(report.silenced),
        "service": report.service,
        "deployable": None if report.service is None else report.status == 0,
    }


def pair_document(pair: Pair) -> dict[str, Any]:
    """Return a pair as JSON."""
    return {
        "event": title(pair.event),
        "publisher": pair.publisher,
        "subscriber": pair.subscriber,
        "verdict": pair.verdict,
        **_shown(pair.counterexample),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": sentence(finding),
        "event": title(finding.event) if finding.event else None,
        "publisher": finding.publisher,
        "subscriber": finding.subscriber,
        "path": finding.path,
        "locations": [{"file": spot.place.file, "line": spot.place.line} for spot in finding.all_spots],
        **_shown(finding.counterexample),
        "help": finding.advice,
        "pairs": [
            {"event": title(pair.event), "publisher": pair.publisher, "subscriber": pair.subscriber, "path": pair.path}
            for pair in finding.pairs
        ],
    }


def silenced_document(finding: Finding) -> dict[str, Any]:
    """Return a finding that is silenced as JSON, with the reason."""
    silence = finding.silence
    return {
        **finding_document(finding),
        "reason": silence.reason if silence else "",
        "silenced_at": {"file": silence.place.file, "line": silence.place.line} if silence else None,
    }


def _shown(counterexample: Json) -> dict[str, Json]:
    known = counterexample is not MISSING
    return {"counterexample": counterexample if known else None, "has_counterexample": known}
