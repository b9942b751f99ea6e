"""Which findings are silenced, and what is wrong with ignores themselves."""

from datetime import date

import pytest

from eventkit.discovery.config import IgnoreEntry
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.verify.finding import Report
from eventkit.verify.ignores.ignore import Ignore, of_entries
from eventkit.verify.ignores.silence import Ignores
from eventkit.verify.verify import verify
from tests.verify.landscapes import contract, fields, message

TODAY = date(2027, 1, 31)
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
BROKEN = Landscape(
    (
        contract("shop", (message("x.paid", fields(a=STRING, b=STRING), places={"/a": Place("shop.py", 3)}),)),
        contract("bank", (), (message("x.paid", fields(a=INTEGER, b=INTEGER), places={"/a": Place("bank.py", 5)}),)),
    )
)
"""Both fields break the pair; /b stands nowhere."""


def comment(file: str, line: int, *codes: str, reason: str = "it is old") -> Ignore:
    return Ignore(codes, reason, Place(file, line), frozenset({line}))


def entry(**values: object) -> Ignore:
    given = {"code": "EK102", "reason": "it is old", "file": "pyproject.toml", "line": 9, **values}
    return next(of_entries((IgnoreEntry(**given),)))


def verified(
    *ignores: Ignore, whole: bool = True, own: tuple[str, ...] = ("shop.py", "bank.py"), landscape: Landscape = BROKEN
) -> Report:
    comments = tuple(ignore for ignore in ignores if ignore.entry is None)
    entries = tuple(ignore for ignore in ignores if ignore.entry is not None)
    return verify(landscape, ignores=Ignores(comments, entries, frozenset(own), whole, TODAY))


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize(("file", "line"), [("shop.py", 3), ("bank.py", 5)])
def test_a_comment_at_either_place_silences(file, line) -> None:
    report = verified(comment(file, line, "EK102"))

    assert [finding.path for finding in report.findings] == ["/b"]
    (finding,) = report.silenced
    assert (finding.path, finding.silence.reason, finding.silence.in_source) == ("/a", "it is old", True)
    assert report.counts == {"error": 1}


def test_a_comment_of_another_code_or_line_silences_nothing() -> None:
    report = verified(comment("shop.py", 3, "EK104"), comment("shop.py", 4, "EK102"))

    assert codes(report) == ["EK102", "EK102", "EK601", "EK601"]
    assert report.silenced == ()


@pytest.mark.parametrize(
    "about",
    [{}, {"event": "x.paid"}, {"event": "x.paid v1"}, {"publisher": "shop", "subscriber": "bank"}, {"code": "ek102"}],
)
def test_an_entry_silences_all_that_it_is_about(about) -> None:
    report = verified(entry(**about))

    assert codes(report) == []
    assert [finding.path for finding in report.silenced] == ["/a", "/b"]
    assert report.status == 0


def test_an_entry_is_about_no_more_than_it_says() -> None:
    assert [finding.path for finding in verified(entry(path="/a")).findings] == ["/b"]
    for about in ({"event": "x.paid v2"}, {"publisher": "bank"}, {"subscriber": "shop"}, {"path": "/c"}):
        report = verified(entry(**about))
        assert codes(report) == ["EK102", "EK102", "EK601"]
        assert report.findings[-1].spots[0].place == Place("pyproject.toml", 9)


def test_one_that_silences_nothing_any_more_is_a_finding() -> None:
    report = verified(comment("shop.py", 3, "EK102", "EK104"))

    (unused,) = [finding for finding in report.findings if finding.code == "EK601"]
    assert unused.message == "the ignore silences nothing: no EK104 is found here"
    assert unused.help == "remove EK104 from it"


@pytest.mark.parametrize("more", [{"whole": False}, {"own": ("shop.py",)}])
def test_one_that_may_silence_something_elsewhere_or_is_not_ours_is_none(more) -> None:
    assert codes(verified(comment("bank.py", 1, "EK104"), **more)) == ["EK102", "EK102"]


def test_while_something_could_not_be_read_none_is_said_to_be_unused() -> None:
    unread = SourceProblem("EK502", "it fails", Place("other.py", 1), "mend it")
    landscape = Landscape(BROKEN.services, problems=(unread,))

    assert codes(verified(comment("bank.py", 1, "EK104"), landscape=landscape)) == ["EK502", "EK102", "EK102"]


@pytest.mark.parametrize(
    ("ignore", "message"),
    [
        (comment("shop.py", 3, "EK102", reason=""), "the ignore gives no reason, so it silences nothing"),
        (comment("shop.py", 3), "the ignore names no code, so it silences nothing"),
        (entry(code="EK999"), "no finding has the code EK999"),
        (comment("shop.py", 3, "EK502"), "EK502 cannot be silenced: a service could not be imported"),
        (entry(code="EK601"), "EK601 cannot be silenced: an ignore silences nothing"),
    ],
)
def test_one_that_cannot_act_is_a_finding_and_silences_nothing(ignore, message) -> None:
    report = verified(ignore)

    assert codes(report) == ["EK102", "EK102", "EK602"]
    assert report.findings[-1].message == message


def test_what_could_not_be_read_stays_loud() -> None:
    unread = SourceProblem("EK502", "it fails", Place("shop.py", 3), "mend it")
    report = verified(comment("shop.py", 3, "EK502"), landscape=Landscape(problems=(unread,)))

    assert codes(report) == ["EK502", "EK602"]
    assert report.status == 2


def test_the_last_day_is_the_one_that_is_named() -> None:
    assert codes(verified(entry(expires=TODAY))) == []

    report = verified(entry(expires=date(2027, 1, 30)))
    assert codes(report) == ["EK102", "EK102", "EK603"]
    assert report.findings[-1].message == "the ignore of EK102 expired on 2027-01-30: it is old"


def test_what_could_not_be_decided_may_be_silenced_and_is_not_passed() -> None:
    landscape = Landscape(
        (
            contract("shop", (message("x.paid", fields(a={"type": "string", "pattern": "(?<!a)b"})),)),
            contract("bank", (), (message("x.paid", fields(a={"type": "string", "pattern": "(?<=c)d"})),)),
        )
    )
    report = verified(entry(code="EK199"), landscape=landscape)

    assert codes(report) == []
    assert [pair.verdict for pair in report.pairs] == ["unknown"]
    assert [finding.code for finding in report.silenced] == ["EK199"]


def test_comments_count_in_all_files_where_something_is_found_and_are_reported_in_own_ones(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("shop.py", "bank.py", "own.py"):
        (tmp_path / name).write_text("\n\na: int  # eventkit: ignore[EK102] old\n", "utf-8")
    landscape = Landscape(BROKEN.services, files=("own.py",))
    ignores = Ignores.of(landscape, (), whole=True, today=TODAY)
    report = verify(landscape, ignores=ignores)

    assert [finding.path for finding in report.silenced] == ["/a"]
    assert [finding.spots[0].place.file for finding in report.findings if finding.code == "EK601"] == ["own.py"]
