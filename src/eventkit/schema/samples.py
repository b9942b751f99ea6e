"""Values that counterexamples are made of, the plainest first."""

from __future__ import annotations

from fractions import Fraction

from eventkit.schema.values import Exact

NUMBERS: tuple[Exact, ...] = (1, 0, Fraction(25, 2), Fraction(1, 2), 2, 3, 10, -1, 100, Fraction(-1, 2))

STRINGS: tuple[str, ...] = ("a", "", "1", "A", "abc", "text")

NAMES: tuple[str, ...] = ("extra", "other", "key", "another")
