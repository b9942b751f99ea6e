"""The lines of source files, to be quoted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from eventkit.discovery.contract import Place
from eventkit.discovery.git import is_revision, lines_of


def line_at(place: Place) -> str | None:
    """Return the line of a place, or None where there is no such file or line."""
    if is_revision(place.file):
        return next(islice(lines_of(place.file), place.line - 1, None), None)
    try:
        with Path(place.file).open(encoding="utf-8", errors="replace") as lines:
            line = next(islice(lines, place.line - 1, None), None)
    except OSError:
        return None
    return None if line is None else line.rstrip("\n")
