"""The report for people."""

import io
import re
from pathlib import Path

import pytest

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Finding, Pair, Report, Spot, count
from eventkit.verify.reporters import frame
from eventkit.verify.reporters.text import write_text
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify
from tests.files import write_files
from tests.verify.cases import DEFECTS, HERE, report_of, stage_of
from tests.verify.landscapes import contract, message
from tests.verify.reporters.reports import full_report


@pytest.fixture(autouse=True)
def _narrow_and_plain(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def text_of(report: Report) -> str:
    stream = io.StringIO()
    write_text(report, stream)
    return stream.getvalue()


def text_of_finding(finding: Finding) -> str:
    return text_of(Report(1, 0, True, (), (finding,), count([finding])))


def test_of_many_pairs_those_are_listed_that_do_not_fit() -> None:
    pairs = tuple(
        Pair(EventType("order.created"), f"publisher_{number}", "reader", "unknown" if number == 7 else "compatible")
        for number in range(201)
    )

    few, many = (text_of(Report(1, 0, True, some, (), count([]))) for some in (pairs[1:], pairs))

    assert few.count("publisher_") == 200
    assert many.count("publisher_") == 1
    assert "publisher_7" in many
    assert "201 pairs: 200 compatible, 1 unknown" in many


def test_a_finding_shows_both_places_an_event_that_shows_it_and_the_edit(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(
        tmp_path,
        {
            "order_service/events/models.py": "#\n" * 13 + "    amount: int\n",
            "payment_service/events/models.py": "#\n" * 8 + "    amount: Decimal\n",
        },
    )
    finding = Finding(
        "EK102",
        "order_service rejects events that payment_service can publish as payment.completed",
        spots=(
            Spot(Place("order_service/events/models.py", 14, 5, 11), "reads an integer"),
            Spot(Place("payment_service/events/models.py", 9, 5, 15), "publishes a string"),
        ),
        counterexample={"payment_intent_id": "a", "amount": "12.50"},
        help="declare `amount: Decimal` in order_service, or publish a version 2 of payment.completed",
    )

    # The module's docstring shows the same.
    assert text_of_finding(finding).startswith(frame.__doc__[frame.__doc__.index("error[") :])


@pytest.mark.parametrize("case", DEFECTS, ids=lambda case: case.name)
def test_a_defect_as_text(case, snapshot) -> None:
    report = report_of(case)
    text = text_of(report).replace(f"{HERE.relative_to(Path.cwd()).as_posix()}/defects/", "")

    # Which event is chosen is no matter of the reporter; that it breaks the pair is tested with the defects.
    assert re.sub(r"counterexample: .*", "counterexample: ...", text) == snapshot


def test_without_findings_there_is_the_table_and_the_sum() -> None:
    neighbour = contract("other", (message("b.b"),), (message("a.a"),))
    landscape = Landscape((contract("own", (message("a.a"),)), contract("reader", (), (message("b.b"),))), (neighbour,))

    assert [line.rstrip() for line in text_of(verify(landscape)).splitlines()] == [
        "event   publisher   subscriber   verdict",
        "───────────────────────────────────────────",
        "a.a     own         other        compatible",
        "b.b     other       reader       compatible",
        "",
        "2 services, 1 neighbour, 2 pairs: 2 compatible",
        "no findings",
    ]


def test_what_is_not_listed_is_counted() -> None:
    report = verify(Landscape((contract("own", (message("a.a"),)),)))

    assert text_of(report.listing(Severity.WARNING)) == (
        "1 service, 0 neighbours, 0 pairs\nno findings (1 of lower severity not listed: add --severity info)\n"
    )


def test_an_incomplete_landscape_is_said_to_be_one() -> None:
    report = Report(0, 0, False, (), (), count([]))

    assert "\nNot checked, as not all could be read: which events are never published or never handled\n" in text_of(
        report
    )


def test_a_narrow_terminal_breaks_names_and_leaves_none_out(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    own = contract(
        "subscription_service", (message("subscription.usage_exceeded"),), (message("subscription.usage_exceeded"),)
    )
    lines = text_of(verify(Landscape((own,))).listing(Severity.WARNING)).splitlines()

    assert max(map(len, lines[:-2])) <= 40
    rows = lines[next(number for number, line in enumerate(lines) if line.startswith("─")) + 1 : -3]
    assert "".join(line[:10].strip() for line in rows) == "subscription.usage_exceeded"


def test_a_narrow_terminal_breaks_names_after_dots_and_underscores_and_no_verdict(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    own = contract("order_service", (message("order.canceled"),), (message("order.canceled"),))
    lines = text_of(verify(Landscape((own,)))).splitlines()

    assert [line.split() for line in lines[3:5]] == [
        ["order.", "order_", "order_", "compatible"],
        ["canceled", "service", "service"],
    ]


def test_what_is_piped_without_a_width_breaks_no_name(monkeypatch) -> None:
    monkeypatch.delenv("COLUMNS")
    name = "a" * 90 + ".b"
    own = contract("own", (message(name),), (message(name),))

    assert name in text_of(verify(Landscape((own,))))


def test_colours_are_for_terminals_and_not_where_colours_are_unwanted(monkeypatch) -> None:
    report = verify(stage_of(DEFECTS[0], "after").landscape)
    plain = text_of(report)
    assert "\x1b[" not in plain

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;31merror[EK100]" in text_of(report)

    monkeypatch.setenv("TERM", "dumb")
    assert text_of(report) == plain

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert text_of(report) == plain


def test_a_place_that_cannot_be_quoted_is_named_with_its_label() -> None:
    finding = Finding("EK502", "it failed", spots=(Spot(Place("gone.py", 3), "here"), Spot(Place("gone.yaml", 4, 5))))

    assert text_of_finding(finding).splitlines()[:3] == [
        "error[EK502]: it failed",
        " --> gone.py:3:1 here",
        " ::: gone.yaml:4:5",
    ]


def test_marks_stand_below_what_they_mark_whatever_the_line_holds(tmp_path) -> None:
    path = tmp_path / "models.py"
    path.write_text("\t名前: int  # \x1b[31m\n", "utf-8")
    lines = text_of_finding(
        Finding("EK502", "it failed", spots=(Spot(Place(str(path), 1, 2, 7), "reads"),))
    ).splitlines()

    assert lines[3:5] == ["1 |     名前: int  # \ufffd[31m", "  |     ^^^^^^^^^ reads"]


def test_a_place_without_a_width_goes_to_the_end_of_its_line(tmp_path) -> None:
    path = tmp_path / "models.py"
    path.write_text("service = Service(\n\n    make()  \n", "utf-8")

    lines = text_of_finding(Finding("EK505", "wrong", spots=(Spot(Place(str(path), 1, 11)),))).splitlines()
    assert lines[4] == "  |           ^^^^^^^^"
    lines = text_of_finding(Finding("EK505", "wrong", spots=(Spot(Place(str(path), 2)),))).splitlines()
    assert lines[4] == "  | ^"
    lines = text_of_finding(Finding("EK505", "wrong", spots=(Spot(Place(str(path), 3)),))).splitlines()
    assert lines[4] == "  |     ^^^^^^"


def test_names_of_fields_neither_end_a_line_nor_reach_the_terminal(tmp_path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a:\n", "utf-8")
    name = "x\x1b[2J\ny"
    spot = Spot(Place(str(path), 1, 1, 1), f"reads `{name}`")
    event = EventType("a.a", 1)
    other = Finding("EK101", "m", "", event, "p", "q", name, (Spot(Place("b.yaml", 1), name),))
    finding = Finding("EK101", f"no {name}", "", event, "p", "s", name, (spot,), help=f"read {name}", further=(other,))
    lines = text_of_finding(finding).splitlines()

    assert (lines[0], lines[4]) == (
        "error[EK101]: no x\ufffd[2J\ufffdy (and 1 more pair)",
        "  | ^ reads `x\ufffd[2J\ufffdy`",
    )
    assert [line.split()[0] for line in lines[5:9]] == [":::", "=", "=", "="]
    assert "\x1b" not in "".join(lines)


def test_markup_in_names_is_text(tmp_path) -> None:
    assert "[red]x[/red] :smile:" in text_of_finding(Finding("EK502", "[red]x[/red] :smile:"))


def test_a_report_with_groups_and_silenced_findings_as_text(snapshot) -> None:
    assert text_of(full_report()) == snapshot
