"""Seeded defects are found, with the right code, lines and counterexample; harmless changes are not."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from eventkit.contract.service import Service
from eventkit.schema import MISSING
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules import RULES
from eventkit.verify.verify import verify
from tests.verify.cases import DEFECTS, HARMLESS, landscape_of, marked_lines, services_of


def name_of(case: Path) -> str:
    return case.name


@pytest.mark.parametrize("case", [*DEFECTS, *HARMLESS], ids=name_of)
def test_before_the_change_nothing_is_found(case) -> None:
    report = verify(landscape_of(services_of(case, "before")))

    assert report.findings == ()
    assert {pair.verdict for pair in report.pairs} == {"compatible"}
    assert report.status == 0


@pytest.mark.parametrize("case", HARMLESS, ids=name_of)
def test_after_a_harmless_change_nothing_is_found(case) -> None:
    report = verify(landscape_of(services_of(case, "after")))

    assert report.findings == ()
    assert {pair.verdict for pair in report.pairs} == {"compatible"}


@pytest.mark.parametrize("case", DEFECTS, ids=name_of)
def test_a_defect_is_found_at_the_lines_that_are_wrong(case) -> None:
    code = case.name.partition("_")[0].upper()
    services = services_of(case, "after")
    findings = [finding for finding in verify(landscape_of(services)).findings if finding.code == code]

    assert len(findings) == 1
    (finding,) = findings
    assert {(spot.place.file, spot.place.line) for spot in finding.spots} == marked_lines(case, code)
    assert finding.help
    assert_counterexample_breaks_the_reader(finding, services)


@pytest.mark.parametrize("case", DEFECTS, ids=name_of)
def test_a_defect_is_one_finding(case) -> None:
    report = verify(landscape_of(services_of(case, "after")))
    others = {finding.code for finding in report.findings} - {case.name.partition("_")[0].upper()}

    # A renamed event is also one that nobody handles, which is said to those who ask for it.
    assert others <= {"EK203"}


@pytest.mark.parametrize("case", DEFECTS, ids=name_of)
def test_the_exit_status_tells_errors_from_the_rest(case) -> None:
    report = verify(landscape_of(services_of(case, "after")))
    severity = RULES[case.name.partition("_")[0].upper()].severity

    assert report.status == (1 if severity == "error" else 0)


def assert_counterexample_breaks_the_reader(finding: Finding, services: list[Service]) -> None:
    """Give the counterexample to the service that is said to reject it."""
    if finding.code.startswith("EK1") and finding.code != "EK199":
        (subscriber,) = (service for service in services if service.name == finding.subscriber)
        reader = next(reader for event, reader in subscriber.readers().items() if event == finding.event)
        with pytest.raises(ValidationError) as error:
            reader.read(json.dumps(finding.counterexample).encode())
        fields = {str(problem["loc"][0]) for problem in error.value.errors()}
        assert (finding.path or "").split("/")[1] in fields
    elif finding.code in ("EK202", "EK204"):
        assert isinstance(finding.counterexample, dict)
    else:
        assert finding.counterexample is MISSING


def test_titles_leave_out_version_1() -> None:
    events = {title(pair.event) for case in DEFECTS for pair in verify(landscape_of(services_of(case, "after"))).pairs}

    assert events == {"payment.completed", "payment.completed v2"}
