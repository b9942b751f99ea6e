"""One line a finding."""

from eventkit.verify.reporters import Format
from tests.verify.reporters.reports import full_report, odd_report, written


def test_a_report_in_one_line_a_finding(snapshot) -> None:
    assert written(full_report(), Format.CONCISE) == snapshot


def test_whatever_is_in_a_message_stays_in_its_line() -> None:
    report = odd_report()

    assert len(written(report, Format.CONCISE).splitlines()) == len(report.findings)
    assert "\x1b" not in written(report, Format.CONCISE)
