"""`minimum`, `maximum`, their exclusive forms and `multipleOf`, in exact arithmetic.

Integers and numbers with a fraction are two types here (`values.INTEGER`, `values.FRACTION`), so that "an integer" is
a step of 1 and "not an integer" is the contrary of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import count, islice
from typing import TYPE_CHECKING, Any, cast

from eventkit.schema.cases import EMPTY, Accepts, Outcome, Store, Unsure, found
from eventkit.schema.keywords.simple import Facts, Negatable
from eventkit.schema.samples import NO_HINTS, NUMBERS, Hints
from eventkit.schema.values import INTEGER, NUMBER, Exact, Json, exact, to_json, type_of

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver

KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})

_MOST_MULTIPLES = 10_000
_MOST_ROUNDED = 64
"""After so many multiples, one will do that validators with binary fractions may not take for a multiple."""
_MOST_DIGITS = 16
_NO_FLOAT = "no number with few digits was found in the interval"


class AtLeast:
    """The number is `bound` or more; more than `bound` where the bound is open."""

    __slots__ = ("bound", "open")

    def __init__(self, bound: Exact, *, open: bool) -> None:
        self.bound = bound
        self.open = open

    def holds(self, value: Json, accepts: Accepts) -> bool:
        number = exact(value)
        return number > self.bound or (number == self.bound and not self.open)

    def apply(self, store: Store) -> Store | None:
        return cast("NumberStore", store).at_least(self.bound, self.open)

    def negated(self) -> AtMost:
        return AtMost(self.bound, open=not self.open)


class AtMost:
    """The number is `bound` or less; less than `bound` where the bound is open."""

    __slots__ = ("bound", "open")

    def __init__(self, bound: Exact, *, open: bool) -> None:
        self.bound = bound
        self.open = open

    def holds(self, value: Json, accepts: Accepts) -> bool:
        number = exact(value)
        return number < self.bound or (number == self.bound and not self.open)

    def apply(self, store: Store) -> Store | None:
        return cast("NumberStore", store).at_most(self.bound, self.open)

    def negated(self) -> AtLeast:
        return AtLeast(self.bound, open=not self.open)


class Multiple:
    """The number is (or, where `contrary`, is not) a multiple of `step`."""

    __slots__ = ("contrary", "step")

    def __init__(self, step: Exact, *, contrary: bool = False) -> None:
        self.step = step
        self.contrary = contrary

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return (exact(value) % self.step == 0) is not self.contrary

    def apply(self, store: Store) -> Store | None:
        numbers = cast("NumberStore", store)
        return numbers.off_grid(self.step) if self.contrary else numbers.on_grid(self.step)

    def negated(self) -> Multiple:
        return Multiple(self.step, contrary=not self.contrary)


def parse(raw: dict[str, Json], node: Node) -> tuple[Facts]:
    """Return what the keywords for numbers demand; in draft 4, true beside a bound made it exclusive."""
    facts: list[tuple[str, Negatable]] = []
    for keyword in raw:
        if keyword not in KEYWORDS or (node.dialect == "draft-04" and keyword.startswith("exclusive")):
            continue
        value = raw[keyword]
        if isinstance(value, bool) or not isinstance(value, int | float):
            node.fault(keyword, f"{keyword} must be a number")
        bound = exact(value)
        if keyword == "multipleOf":
            if bound <= 0:
                node.fault(keyword, "multipleOf must be more than 0")
            facts.append((keyword, Multiple(bound)))
        elif keyword.endswith("inimum"):
            open = keyword != "minimum" or raw.get("exclusiveMinimum") is True
            facts.append((keyword, AtLeast(bound, open=open)))
        else:
            open = keyword != "maximum" or raw.get("exclusiveMaximum") is True
            facts.append((keyword, AtMost(bound, open=open)))
    return (Facts(NUMBER, facts),)


def lcm(left: Exact, right: Exact) -> Exact:
    """Return the least common multiple of two positive numbers."""
    if isinstance(left, int) and isinstance(right, int):
        return math.lcm(left, right)
    common = Fraction(
        math.lcm(left.numerator * right.denominator, right.numerator * left.denominator),
        left.denominator * right.denominator,
    )
    return common.numerator if common.denominator == 1 else common


class NumberStore:
    """An interval, a grid that the number is on, grids that it is not on, and numbers that it is not."""

    __slots__ = ("_excluded", "_fine", "_high", "_high_open", "_hints", "_low", "_low_open", "_off", "_step")

    def __init__(self, kind: int, hints: Hints = NO_HINTS) -> None:
        integer = kind == INTEGER
        self._hints = hints
        self._low: Exact | None = None
        self._low_open = False
        self._high: Exact | None = None
        self._high_open = False
        self._step: Exact | None = 1 if integer else None
        self._fine: tuple[Fraction, ...] = ()  # the steps with a fraction, of which `_step` is a multiple
        self._off: tuple[Exact, ...] = () if integer else (1,)
        self._excluded: frozenset[Any] = frozenset()

    def _copy(self) -> NumberStore:
        copy = NumberStore.__new__(NumberStore)
        for slot in NumberStore.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def at_least(self, bound: Exact, open: bool) -> NumberStore | None:
        if self._low is not None and (self._low > bound or (self._low == bound and (self._low_open or not open))):
            return self
        store = self._copy()
        store._low, store._low_open = bound, open
        return store if store._ordered() else None

    def at_most(self, bound: Exact, open: bool) -> NumberStore | None:
        if self._high is not None and (self._high < bound or (self._high == bound and (self._high_open or not open))):
            return self
        store = self._copy()
        store._high, store._high_open = bound, open
        return store if store._ordered() else None

    def on_grid(self, step: Exact) -> NumberStore:
        store = self._copy()
        store._step = step if self._step is None else lcm(self._step, step)
        if isinstance(step, Fraction):
            store._fine = (*self._fine, step)
        return store

    def off_grid(self, step: Exact) -> NumberStore:
        store = self._copy()
        store._off = (*self._off, step)
        return store

    def without(self, keys: frozenset[Any]) -> NumberStore:
        store = self._copy()
        store._excluded = self._excluded | keys
        return store

    def _ordered(self) -> bool:
        if self._low is None or self._high is None:
            return True
        return self._low < self._high or (self._low == self._high and not self._low_open and not self._high_open)

    def _inside(self, number: Exact) -> bool:
        if self._low is not None and (number < self._low or (number == self._low and self._low_open)):
            return False
        return self._high is None or number < self._high or (number == self._high and not self._high_open)

    def _admits(self, number: Exact) -> bool:
        return (
            self._inside(number)
            and (self._step is None or number % self._step == 0)
            and not any(number % step == 0 for step in self._off)
            and number not in self._excluded
        )

    def _is_plain(self, value: Json) -> bool:
        """Tell whether validators that divide binary fractions see a multiple, too: 0.3 / 0.1 is 2.9999999999999996."""
        try:
            return all((value / float(step)).is_integer() for step in self._fine)
        except (OverflowError, ZeroDivisionError):
            return True

    def solve(self, solver: Solver) -> Outcome:
        solver.budget.spend()
        for value in self._hints.suggested():
            if type_of(value) & NUMBER and self._admits(exact(value)) and self._is_plain(value):
                return found(value)
        for number in NUMBERS:
            if self._admits(number) and self._is_plain(value := to_json(number)):
                return found(value)
        return self._dense(solver) if self._step is None else self._on_grid(self._step, solver)

    def _dense(self, solver: Solver) -> Outcome:
        """Look for a decimal with few digits: an interval without a grid has infinitely many numbers, or is a point."""
        low, high = self._low, self._high
        if low is not None and low == high:
            value = to_json(low)
            if not self._admits(low):
                return EMPTY
            return found(value) if value is not None else Unsure(_NO_FLOAT)
        for digits in range(_MOST_DIGITS):
            scale = 10**digits
            start = math.floor(low * scale) if low is not None else math.ceil(high * scale) if high is not None else 0
            direction = 1 if low is not None or high is None else -1
            for distance in range(12):
                solver.budget.spend()
                number = Fraction(start + direction * distance, scale)
                value = to_json(number)
                if value is not None and self._admits(number):
                    return found(value)
        return Unsure(_NO_FLOAT)

    def _on_grid(self, step: Exact, solver: Solver) -> Outcome:
        """Search the multiples of the step; which of them are on another grid repeats with a period."""
        for other in self._off:
            if lcm(step, other) == step:
                return EMPTY
        first, last = self._multiples(step)
        if first is not None and last is not None and first > last:
            return EMPTY
        unspellable = False
        rounded: Outcome | None = None
        for tried, index in enumerate(islice(_from_one_on(first, last), _MOST_MULTIPLES)):
            if rounded is not None and tried >= _MOST_ROUNDED:
                break
            solver.budget.spend()
            number = index * step
            if self._admits(number):
                value = to_json(number)
                if value is not None and self._is_plain(value):
                    return found(value)
                if value is not None and rounded is None:
                    rounded = found(value)
                unspellable = unspellable or value is None
        if rounded is not None:
            return rounded
        if unspellable:
            return Unsure(_NO_FLOAT)
        finite = first is not None and last is not None and last - first < _MOST_MULTIPLES
        return EMPTY if finite else Unsure("too many multiples to look through")

    def _multiples(self, step: Exact) -> tuple[int | None, int | None]:
        """Return which multiples of the step are the first and the last of the interval."""
        first = last = None
        if self._low is not None:
            first = math.ceil(self._low / Fraction(step))
            first += self._low_open and first * step == self._low
        if self._high is not None:
            last = math.floor(self._high / Fraction(step))
            last -= self._high_open and last * step == self._high
        return first, last


def _from_one_on(first: int | None, last: int | None) -> Iterator[int]:
    """Yield the integers of an interval, the small positive ones first."""
    start = max(first or 1, 1)
    if last is not None:
        start = min(start, last)
    yield from count(start) if last is None else range(start, last + 1)
    yield from count(start - 1, -1) if first is None else range(start - 1, first - 1, -1)
