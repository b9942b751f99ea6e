"""A report as SARIF 2.1.0, which code review shows: https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final, TextIO
from urllib.parse import quote

from eventkit import __version__
from eventkit.discovery.contract import Place
from eventkit.verify.finding import Finding, Report, Spot
from eventkit.verify.reporters.places import fingerprints, in_repository
from eventkit.verify.reporters.words import paragraphs
from eventkit.verify.rules import RULES, Rule, Severity

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
_INDEX: Final = {code: index for index, code in enumerate(RULES)}


def write_sarif(report: Report, stream: TextIO) -> None:
    """Write a report as one SARIF log with one run; what is silenced is in it, as suppressed (section 3.35)."""
    findings = [*report.findings, *report.silenced]
    run = {
        "tool": {
            "driver": {
                "name": "eventkit",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in RULES.values()],
            }
        },
        "invocations": [{"executionSuccessful": report.status != 2}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [
            _result(finding, fingerprint) for finding, fingerprint in zip(findings, fingerprints(findings), strict=True)
        ],
    }
    json.dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, stream, indent=2)
    stream.write("\n")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\nExample\n\n{rule.example}\n\nHow to mend it\n\n{rule.mend}",
            "markdown": f"{rule.why}\n\n```\n{rule.example}\n```\n\n**How to mend it.** {rule.mend}",
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["events", "contracts"]},
    }


def _result(finding: Finding, fingerprint: str) -> dict[str, Any]:
    spots = finding.all_spots
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(paragraphs(finding))},
        "locations": [_location(spot) for spot in spots[:1]],
        "relatedLocations": _numbered(spots[1:]),
        "partialFingerprints": {"eventkit/v1": fingerprint},
    }
    if finding.silence:
        kind = "inSource" if finding.silence.in_source else "external"
        result["suppressions"] = [
            {
                "kind": kind,
                "justification": finding.silence.reason,
                "location": {"physicalLocation": _physical(finding.silence.place)},
            }
        ]
    return result


def _numbered(spots: Sequence[Spot]) -> list[dict[str, Any]]:
    return [{"id": number, **_location(spot)} for number, spot in enumerate(spots, start=1)]


def _location(spot: Spot) -> dict[str, Any]:
    label = {"message": {"text": spot.label}} if spot.label else {}
    return {"physicalLocation": _physical(spot.place), **label}


def _physical(place: Place) -> dict[str, Any]:
    end = {"endColumn": place.column + place.width} if place.width else {}
    return {
        "artifactLocation": _artifact(in_repository(place.file)),
        "region": {"startLine": place.line, "startColumn": place.column, **end},
    }


def _artifact(file: str) -> dict[str, str]:
    """Return where a file is: relative to the root, or as a URI of its own where it lies elsewhere."""
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(file), "uriBaseId": _ROOT}
