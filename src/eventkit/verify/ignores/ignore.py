"""`Ignore`: one comment or one entry of the configuration that silences findings, and the comment's grammar.

amount: int  # eventkit: ignore[EK102] the old ledger sends whole units only
amount: int  # eventkit: ignore[EK102, EK104] until the ledger is gone
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from eventkit.contract.event import EventType
from eventkit.discovery.config import IgnoreEntry
from eventkit.discovery.contract import Place
from eventkit.verify.finding import Finding

MARK: Final = "eventkit: ignore"
"""What a file without ignores does not hold."""
_COMMENT: Final = re.compile(r"#\s*eventkit: ignore\b(?:\[(?P<codes>[^]]*)\])?(?P<reason>(?:[^#]|#(?=\d)|(?<=\S)#)*)")
"""The reason ends where another comment begins: `#123` and `eventkit#123` name a ticket."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """What silences findings.

    Args:
        codes: The codes of the findings, as they are written; none where a comment names none.
        reason: Why; empty where a comment gives none.
        place: The comment, or the entry in the configuration.
        lines: For a comment, the lines of its file at which it silences findings.
        entry: For an entry of the configuration, what it is about.
    """

    codes: tuple[str, ...]
    reason: str
    place: Place
    lines: frozenset[int] = frozenset()
    entry: IgnoreEntry | None = None

    def has_expired(self, today: date) -> bool:
        """Tell whether its last day is over."""
        return self.entry is not None and self.entry.expires is not None and self.entry.expires < today

    def acts(self, today: date) -> bool:
        """Tell whether it silences anything at all: it gives a reason, and has not expired."""
        return bool(self.reason) and not self.has_expired(today)

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding, whatever its code, is one that this is about."""
        if self.entry is None:
            return any(spot.place.file == self.place.file and spot.place.line in self.lines for spot in finding.spots)
        wanted = self.entry
        return (
            (wanted.event is None or wanted.event in _names(finding.event))
            and wanted.publisher in (None, finding.publisher)
            and wanted.subscriber in (None, finding.subscriber)
            and wanted.path in (None, finding.path)
        )


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a source file that is an ignore.

    Args:
        codes: The codes that it names, as they are written.
        reason: What else it says.
        column: Where it starts in the comment, 0 for the first character.
        width: How long it is.
    """

    codes: tuple[str, ...]
    reason: str
    column: int
    width: int


def parse_comment(text: str) -> Comment | None:
    """Return what a comment, from its `#` to the end of its line, says; None where it is no ignore."""
    found = _COMMENT.search(text)
    if found is None:
        return None
    codes = tuple(code.strip().upper() for code in (found["codes"] or "").split(",") if code.strip())
    return Comment(codes, found["reason"].strip(" \t-:"), found.start(), len(found[0].rstrip()))


def of_entries(entries: tuple[IgnoreEntry, ...]) -> Iterator[Ignore]:
    """Yield the ignores of the configuration."""
    for entry in entries:
        yield Ignore((entry.code.upper(),), entry.reason, Place(entry.file, entry.line), entry=entry)


def _names(event: EventType | None) -> tuple[str, ...]:
    """Return the names by which the configuration may call an event: all of its versions, or this one."""
    return () if event is None else (event.name, f"{event.name} v{event.version}")
