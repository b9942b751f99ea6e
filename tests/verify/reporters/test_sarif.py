"""The report for code review."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema_rs import Draft4Validator

from eventkit.discovery.contract import Place
from eventkit.verify.finding import Finding, Report, Spot
from eventkit.verify.reporters import Format
from eventkit.verify.rules import RULES
from tests.verify.reporters.reports import DEFECT_REPORTS, full_report, odd_report, report_of, written

SCHEMA = json.loads(gzip.decompress((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json.gz").read_bytes()))
VALIDATOR = Draft4Validator(SCHEMA, validate_formats=True)


def run_of(report: Report) -> dict:
    """Return the one run of a report that is known to be valid."""
    log = json.loads(written(report, Format.SARIF))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return run


@pytest.mark.parametrize("defect", DEFECT_REPORTS)
def test_every_defect_is_a_valid_log(defect) -> None:
    assert run_of(report_of(defect))["results"]


def test_whatever_texts_hold_the_log_is_valid() -> None:
    (uri,) = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run_of(odd_report())["results"]
        for location in result["locations"]
    }
    assert uri == "a%20b/%C3%BC%25%2C%3A.py"


def test_a_report_as_sarif(snapshot) -> None:
    assert run_of(full_report())["results"] == snapshot


def test_every_rule_is_in_it_with_help() -> None:
    driver = run_of(full_report())["tool"]["driver"]

    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert RULES["EK102"].mend in driver["rules"][list(RULES).index("EK102")]["help"]["text"]


def test_results_point_to_their_rules() -> None:
    run = run_of(full_report())

    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_what_is_silenced_is_suppressed_with_the_reason() -> None:
    suppressed = [
        (suppression["kind"], suppression["justification"])
        for result in run_of(full_report())["results"]
        for suppression in result.get("suppressions", ())
    ]

    assert suppressed == [("inSource", "it is old"), ("external", "it is\nold | tired")]


def fingerprints_of(report: Report) -> list[str]:
    return [result["partialFingerprints"]["eventkit/v1"] for result in run_of(report)["results"]]


def test_fingerprints_tell_findings_apart_and_do_not_move_with_the_lines() -> None:
    report = full_report()
    moved = replace(report, findings=tuple(_moved(finding) for finding in report.findings))

    assert fingerprints_of(moved) == fingerprints_of(report)
    assert len(set(fingerprints_of(report))) == len(fingerprints_of(report))
    assert len(set(fingerprints_of(odd_report()))) == len(fingerprints_of(odd_report()))


def _moved(finding: Finding) -> Finding:
    spots = tuple(Spot(replace(spot.place, line=spot.place.line + 9), spot.label) for spot in finding.spots)
    return replace(finding, spots=spots)


def test_a_file_outside_of_the_folder_is_named_by_a_uri_of_its_own() -> None:
    finding = Finding("EK502", "it fails", spots=(Spot(Place("/opt/shop/a b.py", 1)),))
    report = replace(odd_report(), findings=(finding,), silenced=())

    (location,) = run_of(report)["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "file:///opt/shop/a%20b.py"}


def test_a_file_is_named_from_the_root_of_the_repository(tmp_path, monkeypatch) -> None:
    (tmp_path / "services").mkdir()
    monkeypatch.chdir(tmp_path / "services")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    finding = Finding("EK502", "it fails", spots=(Spot(Place("shop/a.py", 1)),))
    report = replace(odd_report(), findings=(finding,), silenced=())

    (location,) = run_of(report)["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "services/shop/a.py", "uriBaseId": "%SRCROOT%"}
