"""Reports that every format has to cope with."""

import io
from datetime import date
from pathlib import Path

from eventkit.contract.event import EventType
from eventkit.discovery.config import IgnoreEntry
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.verify.finding import Finding, Pair, Report, Silence, Spot, count
from eventkit.verify.ignores.ignore import Ignore, of_entries
from eventkit.verify.ignores.silence import Ignores
from eventkit.verify.reporters import Format, write
from eventkit.verify.verify import verify
from tests.verify.cases import DEFECTS, HERE
from tests.verify.cases import report_of as report_of_case
from tests.verify.landscapes import contract, fields, message

FOLDER = (HERE / "defects").relative_to(Path.cwd()).as_posix()
DEFECT_REPORTS = {case.name: case for case in DEFECTS}
STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def report_of(defect: str) -> Report:
    """Return the report about a seeded defect."""
    return report_of_case(DEFECT_REPORTS[defect])


def full_report() -> Report:
    """Return a report with all there can be: groups, severities, silenced findings, a source that was not read."""
    readers = [
        contract(name, (), (message("x.paid", fields(a=INTEGER), places={"/a": Place(f"{name}.py", 5, 5, 6)}),))
        for name in (f"reader{n}" for n in range(8))
    ]
    sender = contract(
        "sender",
        (
            message("x.paid", fields(a=STRING), places={"/a": Place("the sender.py", 3, 5, 6)}),
            message("x.sent"),
        ),
        (message("x.odd", fields(a={"type": "string", "pattern": "(?<=c)d"})),),
    )
    odd = contract(
        "odd",
        (message("x.odd", fields(a={"type": "string", "pattern": "(?<!a)b"})), message("x.quiet", fields(b=STRING))),
        (message("x.quiet", fields(b=INTEGER)), message("x.nobody")),
    )
    entries = tuple(
        of_entries((IgnoreEntry("EK102", "it is\nold | tired", event="x.quiet", file="pyproject.toml", line=9),))
    )
    comment = Ignore(("EK102",), "it is old", Place("reader7.py", 5, 9), frozenset({5}))
    unused = Ignore(("EK104",), "it is old", Place("sender.py", 9, 9), frozenset({9}))
    ignores = Ignores((comment, unused), entries, frozenset({"sender.py"}), True, date(2027, 1, 31))
    note = SourceProblem("EK507", "a document is not used", Place("schemas/a.yaml", 1), "nothing")
    return verify(Landscape((sender, odd, *readers), problems=(note,)), ignores=ignores)


def odd_report() -> Report:
    """Return a report whose texts hold what formats give a meaning to, and findings without places and pairs."""
    nasty = "50% of a:b,c]]> <b>&amp; | `x` \x00\x1b[31m\ud800\uffff\r\n::error::no 名"
    spot = Spot(Place("a b/ü%,:.py", 1, 1), nasty)
    found = (
        Finding("EK501", nasty),
        Finding("EK502", nasty, spots=(spot,), help=nasty),
        Finding("EK102", nasty, nasty, EventType("x.a", 2), nasty, "r", "/a", (spot,), {nasty: nasty}, nasty),
        Finding("EK102", nasty, nasty, EventType("x.a", 2), nasty, "r", "/a", (spot,), {nasty: nasty}, nasty),
    )
    silenced = (Finding("EK203", nasty, spots=(spot,), silence=Silence(nasty, Place("a.py", 1), True)),)
    pairs = (
        Pair(EventType("x.a", 2), nasty, "r", "incompatible", {}),
        Pair(EventType("x.b", 1), "p", "q", "unknown"),
        Pair(EventType("x.c", 1), "p", "q", "compatible"),
    )
    return Report(2, 0, False, pairs, found, count(found), silenced)


def written(report: Report, format: Format) -> str:
    """Return a report in a format, with paths that do not depend on where the tests lie."""
    stream = io.StringIO()
    write(report, format, stream)
    return stream.getvalue().replace(f"{FOLDER}/", "")
