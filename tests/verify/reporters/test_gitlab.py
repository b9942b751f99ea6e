"""The report for merge requests of GitLab."""

import json

import pytest
from jsonschema import Draft202012Validator

from eventkit.verify.finding import Report
from eventkit.verify.reporters import Format
from tests.verify.reporters.reports import DEFECT_REPORTS, full_report, odd_report, report_of, written

# What https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format asks for.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^(/|\./)"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def issues_of(report: Report) -> list[dict]:
    issues = json.loads(written(report, Format.GITLAB))
    Draft202012Validator(SCHEMA).validate(issues)
    return issues


@pytest.mark.parametrize("defect", DEFECT_REPORTS)
def test_every_defect_is_a_valid_issue(defect) -> None:
    assert {issue["check_name"] for issue in issues_of(report_of(defect))} >= {defect.partition("_")[0].upper()}


def test_a_report_as_code_quality(snapshot) -> None:
    assert issues_of(full_report()) == snapshot


def test_two_issues_never_share_a_fingerprint() -> None:
    for report in (full_report(), odd_report()):
        issues = issues_of(report)
        assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(report.findings)
