"""A report as GitLab's Code Quality shows it: https://docs.gitlab.com/ci/testing/code_quality/."""

from __future__ import annotations

import json
from typing import Any, Final, TextIO

from eventkit.verify.finding import Finding, Report
from eventkit.verify.reporters.places import fingerprints, in_repository
from eventkit.verify.reporters.words import sentence
from eventkit.verify.rules import Severity

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def write_gitlab(report: Report, stream: TextIO) -> None:
    """Write a list of the findings; what is silenced is not in it."""
    found = zip(report.findings, fingerprints(report.findings), strict=True)
    json.dump([_issue(finding, fingerprint) for finding, fingerprint in found], stream, indent=2)
    stream.write("\n")


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    place = finding.spots[0].place if finding.spots else None
    return {
        "description": f"{finding.code}: {sentence(finding)}. {finding.advice}".rstrip(". "),
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        # GitLab wants a place; a finding has none where no file could be read.
        "location": {
            "path": in_repository(place.file) if place else ".",
            "lines": {"begin": place.line if place else 1},
        },
    }
