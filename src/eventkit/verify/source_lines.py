"""The text of source files, to be quoted and to be searched for comments."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path

from eventkit.discovery import git
from eventkit.discovery.contract import Place


def content_of(file: str) -> bytes | None:
    """Return the content of a file as places name it, of the work tree or of a git revision; None where it is gone."""
    if git.is_revision(file):
        return git.content_of(file)
    try:
        return Path(file).read_bytes()
    except OSError:
        return None


def line_at(place: Place) -> str | None:
    """Return the line of a place, or None where there is no such file or line."""
    content = content_of(place.file)
    if content is None:
        return None
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace")
    line = next(islice(lines, place.line - 1, None), None)
    return None if line is None else line.rstrip("\n")
