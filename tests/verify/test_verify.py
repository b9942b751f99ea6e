"""The report as a whole: what it counts, what it lists, and with which status the command ends."""

import pytest

from eventkit.discovery import codes
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify
from tests.verify.landscapes import contract, fields, message

LONELY = contract("a", (message("x.sent"),), (message("x.read"),))


def problem(code: str) -> SourceProblem:
    return SourceProblem(code, "something is wrong", Place("a.py", 3), "mend it")


def test_an_empty_landscape_has_no_findings() -> None:
    report = verify(Landscape())

    assert (report.pairs, report.findings, report.complete, report.status) == ((), (), True, 0)


def test_sources_come_first() -> None:
    report = verify(Landscape((LONELY,), problems=(problem(codes.DOCUMENT_OF_CODE),)))

    assert [finding.code for finding in report.findings] == ["EK507", "EK201", "EK203"]
    assert report.findings[0].help == "mend it"
    assert report.findings[0].spots[0].place == Place("a.py", 3)


@pytest.mark.parametrize("code", [codes.IMPORT_FAILED, codes.SERVICE_IN_FUNCTION])
def test_while_something_could_not_be_read_nobody_can_say_what_is_never_published_or_handled(code) -> None:
    report = verify(Landscape((LONELY,), problems=(problem(code),)))

    assert [finding.code for finding in report.findings] == [code]
    assert not report.complete


@pytest.mark.parametrize(
    ("problems", "status"),
    [((codes.IMPORT_FAILED,), 2), ((codes.SERVICE_IN_FUNCTION,), 0), ((codes.DOCUMENT_OF_CODE,), 1), ((), 1)],
)
def test_the_status_is_2_for_what_could_not_be_read_and_1_for_other_errors(problems, status) -> None:
    assert verify(Landscape((LONELY,), problems=tuple(map(problem, problems)))).status == status


def test_a_listing_leaves_out_findings_and_still_counts_them() -> None:
    string, integer = fields(a={"type": "string"}), fields(a={"type": "integer"})
    other = contract("b", (message("x.read", integer),))
    report = verify(
        Landscape((contract("a", (message("x.read", string), message("x.sent")), (message("x.read"),)), other))
    )

    assert [finding.code for finding in report.findings] == ["EK202", "EK208", "EK203"]
    assert [finding.code for finding in report.listing(Severity.WARNING).findings] == ["EK202"]
    assert report.listing(Severity.ERROR).findings == ()
    assert report.listing(Severity.ERROR).counts == {Severity.WARNING: 1, Severity.INFO: 2}


def test_the_order_of_the_contracts_does_not_matter() -> None:
    contracts = [LONELY, contract("b", (message("x.read"),), (message("x.sent"),)), contract("c", (message("x.c"),))]

    assert verify(Landscape(tuple(contracts))).pairs == verify(Landscape(tuple(reversed(contracts)))).pairs
