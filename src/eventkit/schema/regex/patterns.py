"""From the tree of a pattern to the language of the texts in which it matches somewhere.

A position in a pattern is translated together with all that comes after it, so that look-ahead is an intersection
with the rest, and `$` an intersection of the rest with the empty word. What looks back, `^` and word boundaries,
depends on the kind of the character before: there are three kinds, and each position is translated for those that it
is reached with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from eventkit.schema.budget import Undecided
from eventkit.schema.regex import charsets
from eventkit.schema.regex.syntax import Anchor, Chars, Choice, Look, Repeat, Sequence, Tree, parse
from eventkit.schema.regex.terms import Algebra, Term

Before = Literal["start", "word", "other"]
"""What stands before a position: nothing, a character of a word, another character."""

Rest = Callable[[Before], Term]
"""The language of all that may come after a position."""

_MOST_UNROLLED = 16


class Pattern:
    """The texts in which a pattern matches somewhere, as an automaton that is built where it is walked.

    Raises:
        NotAPattern: the pattern is not well formed.
        Undecided: it is not supported, or too large.
    """

    def __init__(self, pattern: str) -> None:
        self._algebra = algebra = Algebra()
        self._word = algebra.chars(charsets.WORD)
        self._other = algebra.chars(charsets.complement(charsets.WORD))
        tree = parse(pattern)
        prefix = Repeat(Chars(charsets.EVERYTHING), 0, None)
        starts = _starts_anchored(tree)
        whole = tree if starts else Sequence((prefix, tree))
        self.start = self._translate(whole, "start", lambda before: algebra.everything, depends=False)

    @property
    def size(self) -> int:
        """How many terms were made so far."""
        return self._algebra.count

    def _translate(self, tree: Tree, before: Before, rest: Rest, *, depends: bool) -> Term:
        """Return the language of a tree followed by the rest; `depends` says whether the rest looks back."""
        algebra = self._algebra
        if not _has_position(tree):
            return self._followed(self._plain(tree), before, rest, depends=depends)
        if isinstance(tree, Sequence):
            return self._sequence(tree.parts, before, rest, depends=depends)
        if isinstance(tree, Choice):
            return algebra.either([self._translate(option, before, rest, depends=depends) for option in tree.options])
        if isinstance(tree, Look):
            ahead = self._translate(tree.body, before, lambda _: algebra.everything, depends=False)
            return algebra.both((algebra.contrary(ahead) if tree.negative else ahead, rest(before)))
        if isinstance(tree, Anchor):
            return self._anchored(tree, before, rest)
        if isinstance(tree, Repeat):
            return self._unrolled(tree, before, rest, depends=depends)
        raise AssertionError(tree)

    def _sequence(self, parts: tuple[Tree, ...], before: Before, rest: Rest, *, depends: bool) -> Term:
        known: dict[tuple[int, Before], Term] = {}
        looks_back = [depends]
        for part in reversed(parts):
            looks_back.append(looks_back[-1] or _looks_back(part))
        looks_back.reverse()

        def from_part(index: int, before: Before) -> Term:
            if index == len(parts):
                return rest(before)
            if (index, before) not in known:
                known[index, before] = self._translate(
                    parts[index], before, lambda then: from_part(index + 1, then), depends=looks_back[index + 1]
                )
            return known[index, before]

        return from_part(0, before)

    def _followed(self, term: Term, before: Before, rest: Rest, *, depends: bool) -> Term:
        algebra = self._algebra
        if not depends:
            return algebra.join(term, rest(before))
        kinds: tuple[tuple[Term, Before], ...] = ((self._word, "word"), (self._other, "other"))
        ways = [
            algebra.join(algebra.both((term, algebra.join(algebra.everything, last))), rest(kind))
            for last, kind in kinds
        ]
        if term.nullable:
            ways.append(rest(before))
        return algebra.either(ways)

    def _anchored(self, anchor: Anchor, before: Before, rest: Rest) -> Term:
        algebra = self._algebra
        if anchor.kind == "start":
            return rest(before) if before == "start" else algebra.nothing
        if anchor.kind == "end":
            return algebra.both((algebra.empty, rest(before)))
        at_word = algebra.join(self._word, algebra.everything)
        changes = (anchor.kind == "boundary") != (before == "word")
        return algebra.both((at_word if changes else algebra.contrary(at_word), rest(before)))

    def _unrolled(self, tree: Repeat, before: Before, rest: Rest, *, depends: bool) -> Term:
        """Translate a repetition whose body has positions in it, as far as it can be written out."""
        if tree.most is None and isinstance(tree.body, Look):
            tree = Repeat(tree.body, tree.least, max(tree.least, 1))
        if tree.most is None or tree.most > _MOST_UNROLLED:
            raise Undecided("a pattern that repeats a position is not decided")
        body = tree.body
        optional: Tree = Sequence(())
        for _ in range(tree.most - tree.least):
            optional = Choice((Sequence(()), Sequence((body, optional))))
        return self._sequence((*[body] * tree.least, optional), before, rest, depends=depends)

    def _plain(self, tree: Tree) -> Term:
        """Return the language of a tree without positions."""
        algebra = self._algebra
        if isinstance(tree, Chars):
            return algebra.chars(tree.ranges)
        if isinstance(tree, Repeat):
            return algebra.repeat(self._plain(tree.body), tree.least, tree.most)
        if isinstance(tree, Choice):
            return algebra.either([self._plain(option) for option in tree.options])
        term = algebra.empty
        if isinstance(tree, Sequence):
            for part in reversed(tree.parts):
                term = algebra.join(self._plain(part), term)
        return term


def _parts(tree: Tree) -> tuple[Tree, ...]:
    if isinstance(tree, Sequence):
        return tree.parts
    if isinstance(tree, Choice):
        return tree.options
    return (tree.body,) if isinstance(tree, Repeat | Look) else ()


@lru_cache(maxsize=1024)
def _has_position(tree: Tree) -> bool:
    return isinstance(tree, Anchor | Look) or any(map(_has_position, _parts(tree)))


@lru_cache(maxsize=1024)
def _looks_back(tree: Tree) -> bool:
    return (isinstance(tree, Anchor) and tree.kind != "end") or any(map(_looks_back, _parts(tree)))


def _starts_anchored(tree: Tree) -> bool:
    if isinstance(tree, Sequence):
        return bool(tree.parts) and _starts_anchored(tree.parts[0])
    if isinstance(tree, Choice):
        return all(map(_starts_anchored, tree.options))
    return tree == Anchor("start")
