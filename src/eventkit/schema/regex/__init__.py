"""Regular expressions as languages: matching in linear time, and questions about all texts at once."""

from __future__ import annotations

from eventkit.schema.budget import Undecided
from eventkit.schema.regex.patterns import Pattern
from eventkit.schema.regex.syntax import NotAPattern, parse

_LONGEST_PATTERN = 5_000
_MOST_KNOWN = 256
_LARGE = 1_000
_MOST_TERMS = 20_000

_KNOWN: dict[str, Pattern] = {}
"""Patterns that were asked for lately, with what was found out about them."""


def language(pattern: str) -> Pattern:
    """Return the texts in which a pattern matches somewhere.

    Raises:
        Undecided: the pattern is not one, not supported, or too large.
    """
    known = _KNOWN.get(pattern)
    if known is None or known.size > _LARGE:  # a large one starts anew, whatever was asked before
        if len(pattern) > _LONGEST_PATTERN:
            raise Undecided(f"a pattern of {len(pattern)} characters is too long to be decided")
        if len(_KNOWN) >= _MOST_KNOWN or sum(each.size for each in tuple(_KNOWN.values())) > _MOST_TERMS:
            _KNOWN.clear()
        try:
            known = _KNOWN[pattern] = Pattern(pattern)
        except NotAPattern as error:
            raise Undecided(str(error)) from error
    return known


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches somewhere in a text.

    Raises:
        Undecided: as `language` does.
    """
    term = language(pattern).start
    for char in text:
        term = term.after(char)
    return term.nullable


def is_pattern(text: str) -> bool:
    """Tell whether a text is a regular expression of ECMA-262, supported here or not."""
    try:
        parse(text)
    except NotAPattern:
        return False
    return True
