"""A finding as text: headline, the lines of source that it is about, and what to do.

Where more pairs break for the same reason, their places follow in a line each, and the pairs in a note.

error[EK102]: order_service rejects events that payment_service can publish as payment.completed
  --> order_service/events/models.py:14:5
   |
14 |     amount: int
   |     ^^^^^^^^^^^ reads an integer
   |
  ::: payment_service/events/models.py:9:5
   |
 9 |     amount: Decimal
   |     --------------- publishes a string
   = counterexample: {"payment_intent_id": "a", "amount": "12.50"}
   = help: declare `amount: Decimal` in order_service, or publish a version 2 of payment.completed
   = explain: eventkit explain EK102
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from eventkit.discovery.contract import Place
from eventkit.schema import MISSING
from eventkit.verify.finding import Finding, Spot, title
from eventkit.verify.reporters.words import printable
from eventkit.verify.rules import Severity
from eventkit.verify.source_lines import line_at
from eventkit.verify.words import json_text

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_MARGIN: Final = "blue"
_TAB: Final = 4
_LONGEST: Final = 200
"""How many characters of a line are shown: documents without line breaks are one line of megabytes."""
_BEFORE: Final = 60
"""How many of them may stand before what is marked."""
_MOST: Final = 5
"""How many further places and pairs are shown before the rest is counted."""


def frame(finding: Finding) -> Text:
    """Return a finding as lines of text, without a newline at the end."""
    style = _STYLES[finding.severity]
    quoted = [line_at(spot.place) for spot in finding.spots]
    numbers = [spot.place.line for spot, line in zip(finding.spots, quoted, strict=True) if line is not None]
    width = len(str(max(numbers, default=0)))
    lines = [Text.assemble((f"{finding.severity}[{finding.code}]", style), (f": {finding.headline}", "bold"))]
    for index, (spot, line) in enumerate(zip(finding.spots, quoted, strict=True)):
        if index and quoted[index - 1] is not None:
            lines.append(_margin(width))
        lines += _spot(spot, line, width, first=index == 0, style=style)
    lines += _further(finding, width)
    lines += (
        Text.assemble((f"{'':{width}} = ", _MARGIN), (f"{label}: ", "bold"), text) for label, text in _notes(finding)
    )
    for written in lines:
        written.plain = printable(written.plain)  # as long as it was, so that the styles stay where they are
    return Text("\n").join(lines)


def _spot(spot: Spot, line: str | None, width: int, *, first: bool, style: str) -> Iterator[Text]:
    place = spot.place
    arrow = Text.assemble(
        (f"{'':{width}}{'-->' if first else ':::'} ", _MARGIN), f"{place.file}:{place.line}:{place.column}"
    )
    if line is None:
        yield Text.assemble(arrow, f" {spot.label}" if spot.label else "")
        return
    yield arrow
    yield _margin(width)
    before, marked, after = _parts(line, place)
    yield Text.assemble((f"{place.line:{width}} | ", _MARGIN), _shown(before + marked + after))
    mark = ("^" if first else "-") * max(cell_len(_shown(marked)), 1)
    yield Text.assemble(
        (f"{'':{width}} | ", _MARGIN),
        " " * cell_len(_shown(before)),
        (f"{mark} {spot.label}".rstrip(), style if first else _MARGIN),
    )


def _parts(line: str, place: Place) -> tuple[str, str, str]:
    """Return what stands before a place in its line, the place, and what follows, as much of it as is shown."""
    rest = line[place.column - 1 :]
    marked = rest[: place.width] if place.width else rest.strip()
    start = line.index(marked, place.column - 1) if marked else len(line)
    if len(line) <= _LONGEST:
        return line[:start], marked, line[start + len(marked) :]
    left = max(start - _BEFORE, 0)
    right = left + _LONGEST
    end = min(start + len(marked), right)
    return (
        ("..." if left else "") + line[left:start],
        line[start:end],
        line[end:right] + ("..." if right < len(line) else ""),
    )


def _further(finding: Finding, width: int) -> Iterator[Text]:
    """Yield the places of the other pairs in a line each, those that are new."""
    places: dict[Place, str] = {}
    shown = {spot.place for spot in finding.spots}
    for other in finding.further:
        for spot, service in zip(other.spots, (other.subscriber, other.publisher), strict=False):
            if spot.place not in shown:
                places.setdefault(spot.place, f"{service} {spot.label}")
    for place, label in list(places.items())[:_MOST]:
        yield Text.assemble((f"{'':{width}}::: ", _MARGIN), f"{place.file}:{place.line}:{place.column} {label}")
    if len(places) > _MOST:
        yield Text.assemble((f"{'':{width}}::: ", _MARGIN), f"and {len(places) - _MOST} more")


def _margin(width: int) -> Text:
    return Text(f"{'':{width}} |", _MARGIN)


def _notes(finding: Finding) -> Iterator[tuple[str, str]]:
    others = [f"{title(event)} from {sender} to {reader}" for event, sender, reader, _ in finding.pairs[1:]]
    if others:
        more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
        yield "also breaks", ", ".join(dict.fromkeys(others[:_MOST])) + more
    if finding.counterexample is not MISSING:
        yield "counterexample", json_text(finding.counterexample)
    if finding.advice:
        yield "help", finding.advice
    yield "explain", f"eventkit explain {finding.code}"


def _shown(line: str) -> str:
    """Return a piece of a source line as it can be shown, tabs as spaces."""
    return printable(line.expandtabs(_TAB))
