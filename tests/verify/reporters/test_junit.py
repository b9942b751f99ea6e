"""The report for test dashboards."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from eventkit.verify.finding import Report
from eventkit.verify.reporters import Format
from tests.verify.reporters.reports import DEFECT_REPORTS, full_report, odd_report, report_of, written


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).parent / "data" / "junit-10.xsd")


def suites_of(report: Report) -> dict[str, ElementTree.Element]:
    """Return the suites of a report that is known to be valid."""
    root = ElementTree.fromstring(written(report, Format.JUNIT))
    schema().validate(root)
    return {suite.attrib["name"]: suite for suite in root}


@pytest.mark.parametrize("defect", DEFECT_REPORTS)
def test_every_defect_is_a_valid_document_with_a_test_for_each_pair(defect) -> None:
    report = report_of(defect)

    assert int(suites_of(report)["pairs"].attrib["tests"]) == len(report.pairs)


def test_a_report_as_junit(snapshot) -> None:
    assert written(full_report(), Format.JUNIT) == snapshot


def outcomes(suite: ElementTree.Element) -> list[tuple[str, str]]:
    return [(case.attrib["name"], case[0].tag if len(case) else "passed") for case in suite]


def test_a_pair_fails_is_skipped_or_passes() -> None:
    pairs = outcomes(suites_of(full_report())["pairs"])

    assert ("odd to odd", "skipped") in pairs
    assert ("odd to sender", "failure") in pairs
    assert [outcome for name, outcome in pairs if name.startswith("sender to reader")] == ["failure"] * 7 + ["skipped"]


def test_of_other_findings_only_errors_fail() -> None:
    findings = suites_of(full_report())["findings"]

    assert {(case.attrib["classname"][:5], case[0].tag) for case in findings} == {
        ("EK201", "failure"),
        ("EK507", "system-out"),
        ("EK203", "system-out"),
        ("EK208", "system-out"),
        ("EK601", "system-out"),
    }


def test_what_xml_may_not_hold_is_left_out_and_the_rest_is_kept() -> None:
    suites = suites_of(odd_report())

    assert outcomes(suites["pairs"])[1:] == [("p to q", "failure"), ("p to q", "passed")]
    failure = suites["pairs"][0][0]
    assert "50% of a:b,c]]> <b>&amp; | `x` [31m" in (failure.text or "")
    assert "名" in (failure.text or "")


def test_the_sums_are_those_of_the_tests() -> None:
    root = ElementTree.fromstring(written(full_report(), Format.JUNIT))
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]

    assert root.attrib["tests"] == str(len(root.findall(".//testcase")))
    assert root.attrib["failures"] == str(len(failed))
