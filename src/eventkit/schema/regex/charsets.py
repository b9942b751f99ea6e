"""Sets of characters, as sorted ranges of code points."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges, sorted, with a gap between any two."""

LAST = sys.maxunicode
EVERYTHING: Ranges = ((0, LAST),)
DIGITS: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
LINE_END: Ranges = ((0x0A, 0x0A),)
SURROGATES = (0xD800, 0xDFFF)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the set of all characters in some ranges, which may overlap."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Return the set of all other characters."""
    gaps = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """Return the set of the characters in both sets."""
    return complement(union((*complement(left), *complement(right))))


_CATEGORIES = {
    "Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt", "Mark": "M",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
    "Punctuation": "P", "punct": "P", "Symbol": "S", "Separator": "Z", "Space_Separator": "Zs", "Other": "C",
    "Control": "Cc", "cntrl": "Cc", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
}  # fmt: skip
_KNOWN = frozenset({
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn",
})  # fmt: skip


_VARIED = (range(0x40000), range(0xE0000, 0xE1000))
_UNIFORM = ((0x40000, 0xDFFFF), (0xE1000, 0xEFFFF), (0xF0000, LAST))
"""Planes that Unicode has not assigned, and those for private use."""


@cache
def category(name: str) -> Ranges | None:
    """Return the characters of a general category of Unicode, by its long or short name, or None if there is none."""
    for prefix in ("General_Category=", "gc="):
        name = name.removeprefix(prefix)
    if name == "ASCII":
        return ((0, 0x7F),)
    if name == "Any":
        return EVERYTHING
    name = _CATEGORIES.get(name, name)
    if name not in _KNOWN:
        return None
    found = [(code, code) for code in chain(*_VARIED) if unicodedata.category(chr(code)).startswith(name)]
    return union((*found, *(block for block in _UNIFORM if unicodedata.category(chr(block[0])).startswith(name))))


_NICE = "a1AbcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ023456789-_. @/:,+=#!?&%$*()[]{}<>|~^;'\"\\`"


@cache
def nicest(low: int, high: int) -> tuple[int, str] | None:
    """Return a character of a range that reads well, with its rank, or None if the range is made of surrogates."""
    for rank, char in enumerate(_NICE):
        if low <= ord(char) <= high:
            return rank, char
    for code in (*range(max(low, 0xA1), min(high, 0xFF) + 1), low, high, SURROGATES[1] + 1):
        if low <= code <= high and not SURROGATES[0] <= code <= SURROGATES[1]:
            return len(_NICE) + (code < 0x20 or code > 0xFFFF), chr(code)
    return None
