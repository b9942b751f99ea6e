"""The lines of source files, to be quoted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from eventkit.discovery.contract import Place


def line_at(place: Place) -> str | None:
    """Return the line of a place, or None where there is no such file or line."""
    try:
        with Path(place.file).open(encoding="utf-8", errors="replace") as lines:
            line = next(islice(lines, place.line - 1, None), None)
    except OSError:
        return None
    return None if line is None else line.rstrip("\n")


def text_at(place: Place) -> str | None:
    """Return what stands at a place, without the rest of its line, or None where there is no such line."""
    line = line_at(place)
    if line is None:
        return None
    start = place.column - 1
    return line[start : start + place.width if place.width else None].strip()
