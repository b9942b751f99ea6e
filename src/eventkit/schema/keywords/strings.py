"""`minLength`, `maxLength`, `pattern` and `format`: what they demand, and how a string is found that satisfies them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from eventkit.schema.budget import Undecided
from eventkit.schema.cases import EMPTY, Accepts, Outcome, Store, Unsure, found
from eventkit.schema.formats import CONTENTS, FORMATS, Format
from eventkit.schema.keywords.counts import count
from eventkit.schema.keywords.simple import Facts, Negatable
from eventkit.schema.regex import matches
from eventkit.schema.regex.search import words
from eventkit.schema.samples import NO_HINTS, STRINGS, Hints
from eventkit.schema.values import STRING, Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node
    from eventkit.schema.solver import Solver

KEYWORDS = frozenset({"minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"})

_TEXTS = frozenset({"pattern", "format", "contentEncoding", "contentMediaType"})
_MOST_CHARACTERS = 100_000
_LONGEST_CHECKED = 10_000
_MOST_WORDS = 50


class Longer:
    """The string has at least `least` characters."""

    __slots__ = ("least",)

    def __init__(self, least: int) -> None:
        self.least = least

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) >= self.least

    def apply(self, store: Store) -> Store | None:
        return cast("StringStore", store).at_least(self.least)

    def negated(self) -> Shorter:
        return Shorter(self.least - 1)


class Shorter:
    """The string has at most `most` characters."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        self.most = most

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return len(value) <= self.most

    def apply(self, store: Store) -> Store | None:
        return cast("StringStore", store).at_most(self.most)

    def negated(self) -> Longer:
        return Longer(self.most + 1)


class Matches:
    """The pattern matches somewhere in the string (or, where `contrary`, nowhere)."""

    __slots__ = ("contrary", "pattern")

    def __init__(self, pattern: str, *, contrary: bool = False) -> None:
        self.pattern = pattern
        self.contrary = contrary

    def holds(self, value: Json, accepts: Accepts) -> bool:
        return matches(self.pattern, value) is not self.contrary

    def apply(self, store: Store) -> Store | None:
        return cast("StringStore", store).matching(self.pattern, self.contrary)

    def negated(self) -> Matches:
        return Matches(self.pattern, contrary=not self.contrary)


class HasFormat:
    """The string has the format (or, where `contrary`, has it not)."""

    __slots__ = ("contrary", "format")

    def __init__(self, format: Format, *, contrary: bool = False) -> None:
        self.format = format
        self.contrary = contrary

    def holds(self, value: Json, accepts: Accepts) -> bool:
        if len(value) > _LONGEST_CHECKED:
            raise Undecided(f"whether a text of {len(value)} characters has a format is not decided")
        return self.format.check(value) is not self.contrary

    def apply(self, store: Store) -> Store | None:
        return cast("StringStore", store).formatted(self.format, self.contrary)

    def negated(self) -> HasFormat:
        return HasFormat(self.format, contrary=not self.contrary)


def parse(raw: dict[str, Json], node: Node) -> tuple[Facts, ...]:
    """Return what the keywords for strings demand."""
    facts: list[tuple[str, Negatable]] = []
    for keyword in raw:
        if keyword in _TEXTS and not isinstance(raw[keyword], str):
            node.fault(keyword, f"{keyword} must be a string")
        if keyword == "minLength":
            facts.append((keyword, Longer(count(raw, keyword, node) or 0)))
        elif keyword == "maxLength":
            facts.append((keyword, Shorter(count(raw, keyword, node) or 0)))
        elif keyword == "pattern":
            facts.append((keyword, Matches(raw[keyword])))
        elif keyword == "format" and node.graph.assert_formats and raw[keyword] in FORMATS:
            facts.append((keyword, HasFormat(FORMATS[raw[keyword]])))
    if "contentEncoding" in raw or "contentMediaType" in raw:
        content = CONTENTS.get((raw.get("contentEncoding"), raw.get("contentMediaType")))
        if content is not None:
            facts.append(("contentEncoding" if "contentEncoding" in raw else "contentMediaType", HasFormat(content)))
    return (Facts(STRING, facts),) if facts else ()


class StringStore:
    """Bounds of the length, patterns and formats with their contraries, and strings that it is not."""

    __slots__ = ("_excluded", "_formats", "_hints", "_least", "_most", "_no_formats", "_no_patterns", "_patterns")

    def __init__(self, hints: Hints = NO_HINTS) -> None:
        self._hints = hints
        self._least = 0
        self._most: int | None = None
        self._patterns: tuple[str, ...] = ()
        self._no_patterns: tuple[str, ...] = ()
        self._formats: tuple[Format, ...] = ()
        self._no_formats: tuple[Format, ...] = ()
        self._excluded: frozenset[Any] = frozenset()

    def _copy(self) -> StringStore:
        copy = StringStore.__new__(StringStore)
        copy._hints, copy._least, copy._most, copy._excluded = self._hints, self._least, self._most, self._excluded
        copy._patterns, copy._no_patterns = self._patterns, self._no_patterns
        copy._formats, copy._no_formats = self._formats, self._no_formats
        return copy

    def at_least(self, least: int) -> StringStore | None:
        store = self._copy()
        store._least = max(self._least, least)
        return None if store._most is not None and store._least > store._most else store

    def at_most(self, most: int) -> StringStore | None:
        store = self._copy()
        store._most = most if self._most is None else min(self._most, most)
        return None if store._least > store._most else store

    def matching(self, pattern: str, contrary: bool) -> StringStore | None:
        if pattern in (self._patterns if contrary else self._no_patterns):
            return None
        store = self._copy()
        if contrary:
            store._no_patterns = (*self._no_patterns, pattern)
        else:
            store._patterns = (*self._patterns, pattern)
        return store

    def formatted(self, format: Format, contrary: bool) -> StringStore | None:
        store = self._copy()
        if contrary:
            store._no_formats = (*self._no_formats, format)
        else:
            store._formats = (*self._formats, format)
            if format.longest is not None:
                store._most = format.longest if self._most is None else min(self._most, format.longest)
            if store._most is not None and store._least > store._most:
                return None
        broad = {name for each in store._formats for name in (each.name, *each.within)}
        return None if any(each.name in broad for each in store._no_formats) else store

    def without(self, keys: frozenset[Any]) -> StringStore:
        store = self._copy()
        store._excluded = self._excluded | keys
        return store

    def _admits(self, text: str) -> bool:
        return (
            self._least <= len(text)
            and (self._most is None or len(text) <= self._most)
            and text not in self._excluded
            and all(each.check(text) for each in self._formats)
            and not any(each.check(text) for each in self._no_formats)
            and all(matches(pattern, text) for pattern in self._patterns)
            and not any(matches(pattern, text) for pattern in self._no_patterns)
        )

    def solve(self, solver: Solver) -> Outcome:
        solver.budget.spend()
        for text in self._samples():
            if isinstance(text, str) and self._admits(text):
                return found(text)
        if not self._patterns and not self._no_patterns and not self._formats and not self._no_formats:
            return self._of_length()
        return self._in_language(solver)

    def _samples(self) -> tuple[Json, ...]:
        samples: tuple[Json, ...] = (*self._hints.suggested(), *STRINGS)
        for each in self._no_formats:
            samples = each.invalid + samples
        for each in self._formats:
            samples = each.valid + samples
        return samples

    def _of_length(self) -> Outcome:
        """Find a string where only its length matters and which strings are excluded."""
        if self._least > _MOST_CHARACTERS:
            return Unsure(f"strings of more than {_MOST_CHARACTERS} characters are not looked at")
        for length in (self._least, self._least + 1):
            if self._most is not None and length > self._most:
                break
            for letter in range(ord("a"), ord("a") + len(self._excluded) + 1):
                text = chr(letter) * length
                if text not in self._excluded:
                    return found(text)
        return EMPTY

    def _in_language(self, solver: Solver) -> Outcome:
        """Search the language of all patterns and formats together."""
        every = (*self._formats, *self._no_formats)
        exact = all(each.exact for each in every)
        unlike = [each.pattern for each in self._no_formats if each.exact and each.pattern is not None]
        if not exact:
            plain = [each.plain or each.pattern for each in self._formats] + [each.near for each in self._no_formats]
            sure = all(each.exact or each.plain for each in self._formats)
            sure = sure and all(each.exact or each.near for each in self._no_formats)
            word = self._first(plain, unlike, solver, several=not sure)
            if isinstance(word, str):
                return found(word)
        word = self._first([each.pattern for each in self._formats], unlike, solver, several=not exact)
        if isinstance(word, str):
            return found(word)
        if word is None:
            return EMPTY
        names = ", ".join(repr(each.name) for each in every)
        return Unsure(f"no text was found that decides the formats {names}")

    def _first(self, like: list[str | None], unlike: list[str], solver: Solver, *, several: bool) -> str | bool | None:
        """Return the first word that is admitted; False if there are words, but none is; None if there are none."""
        candidates = words(
            (*self._patterns, *(pattern for pattern in like if pattern is not None)),
            (*self._no_patterns, *unlike),
            self._excluded,
            self._least,
            self._most,
            solver.budget,
            several=several,
        )
        word: str | bool | None = None
        for text in islice(candidates, _MOST_WORDS):
            if self._admits(text):
                return text
            word = False
        return word
