"""What others wrote, as text that can stand in a page: nothing of it is markup, and nothing of it is invisible."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from markupsafe import Markup, escape

from eventkit.discovery.contract import Place

_CODE: Final = re.compile(r"`([^`\n]+)`")
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")
# Scripts and emoji need these two joiners, which change no order and hide nothing.
_JOINERS: Final = "\u200c\u200d"


def visible(text: str) -> str:
    """Return a text with what cannot be seen written out, such as marks that turn the direction of what follows."""
    if text.isprintable():
        return text
    return "".join(char if _can_be_seen(char) else f"\\u{ord(char):04x}" for char in text)


def prose(text: str) -> Markup:
    """Return a description as HTML: paragraphs, and `code` between backticks."""
    paragraphs = (Markup('<p dir="auto">{}</p>').format(inline(part)) for part in _PARAGRAPHS.split(text.strip()))
    return Markup("\n").join(paragraphs) if text.strip() else Markup()


def inline(text: str) -> Markup:
    """Return a description as HTML in one line, with `code` between backticks."""
    words = " ".join(text.split())
    parts = _CODE.split(words)
    return Markup().join(
        Markup("<code>{}</code>").format(visible(part)) if index % 2 else escape(visible(part))
        for index, part in enumerate(parts)
    )


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a description."""
    return _PARAGRAPHS.split(text.strip())[0]


def place_text(place: Place | None, source: str) -> str:
    """Return a place as `events/models.py:14`, as seen from the folder of its service.

    Args:
        place: A place.
        source: Where the service's contract was found.

    Returns:
        The text; empty for what lies elsewhere on the machine on which the site is built.
    """
    if place is None:
        return ""
    file = place.file.removeprefix(f"{source}/")
    return "" if PurePath(file).is_absolute() else f"{file}:{place.line}"


def _can_be_seen(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or char == "\n"
