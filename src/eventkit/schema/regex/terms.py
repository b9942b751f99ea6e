"""Languages as terms with derivatives: union, intersection, complement and counted repetition, without automata.

Each term knows its *edges*: for every character, the term for what may follow. These are Brzozowski derivatives,
computed for whole ranges of characters at once; with terms kept unique and unions and intersections kept as sets
there are finitely many of them, so the terms are the states of a deterministic automaton that is built where it is
walked. Counted repetitions stay counters: `.{0,255}` is one term.

Sources: J. Brzozowski, Derivatives of regular expressions, JACM 1964; S. Owens, J. Reppy, A. Turon,
Regular-expression derivatives re-examined, JFP 2009.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

from eventkit.schema.budget import Undecided
from eventkit.schema.regex import charsets
from eventkit.schema.regex.charsets import Ranges

_LARGEST = 5_000
_MOST_TERMS = 5_000

Change = Callable[["Term"], "Term"]
Combine = Callable[[Iterable["Term"]], "Term"]

Edges = tuple[tuple[int, ...], tuple["Term", ...]]
"""The last character of each range, ascending, and the term that follows on a character of that range."""


class Term:
    """A language.

    Attributes:
        nullable: whether the empty word belongs to it.
        edges: what follows on each character.
    """

    __slots__ = ("_edges", "algebra", "bounds", "nullable", "op", "parts", "ranges", "size", "uid")

    def __init__(
        self,
        algebra: Algebra,
        op: str,
        parts: tuple[Term, ...],
        nullable: bool,
        ranges: Ranges = (),
        bounds: tuple[int, int | None] = (0, None),
    ) -> None:
        self.algebra = algebra
        self.op = op
        self.parts = parts
        self.nullable = nullable
        self.ranges = ranges
        self.bounds = bounds
        self.size: int = 1 + sum(part.size for part in parts)
        self.uid = algebra.count
        self._edges: Edges | None = None

    @property
    def edges(self) -> Edges:
        """What follows on each character."""
        if self._edges is None:
            self._edges = self.algebra.derive(self)
        return self._edges

    def after(self, char: str) -> Term:
        """Return what follows on a character."""
        cuts, targets = self.edges
        return targets[bisect_left(cuts, ord(char))]


class Algebra:
    """Makes terms, each only once, in a normal form."""

    def __init__(self) -> None:
        self.count = 0
        self._terms: dict[tuple[object, ...], Term] = {}
        self.nothing = self._make("chars", (), False, ranges=())
        self.empty = self._make("empty", (), True)
        self.everything = self._make("not", (self.nothing,), True)

    def _make(
        self,
        op: str,
        parts: tuple[Term, ...],
        nullable: bool,
        ranges: Ranges = (),
        bounds: tuple[int, int | None] = (0, None),
    ) -> Term:
        key = (op, tuple(part.uid for part in parts), ranges, bounds)
        term = self._terms.get(key)
        if term is None:
            self.count += 1
            term = Term(self, op, parts, nullable, ranges, bounds)
            if term.size > _LARGEST or self.count > _MOST_TERMS:
                raise Undecided("a pattern is too large to be decided")
            self._terms[key] = term
        return term

    def chars(self, ranges: Ranges) -> Term:
        """Return the language of the words of one character of a set."""
        return self._make("chars", (), False, ranges=ranges)

    def join(self, first: Term, second: Term) -> Term:
        """Return the words of the first language followed by those of the second."""
        if first is self.nothing or second is self.nothing:
            return self.nothing
        if first is self.empty:
            return second
        if second is self.empty:
            return first
        if first.op == "join":
            return self.join(first.parts[0], self.join(first.parts[1], second))
        if first is self.everything and second is self.everything:
            return first
        return self._make("join", (first, second), first.nullable and second.nullable)

    def either(self, terms: Iterable[Term]) -> Term:
        """Return the union of languages."""
        chosen: dict[int, Term] = {}
        ranges: Ranges = ()
        for term in self._flat(terms, "either"):
            if term is self.everything:
                return term
            if term.op == "chars":
                ranges = charsets.union((*ranges, *term.ranges)) if ranges else term.ranges
            elif term is not self.nothing:
                chosen[term.uid] = term
        if ranges:
            united = self.chars(ranges)
            chosen[united.uid] = united
        if len(chosen) > 1 and self.empty.uid in chosen and sum(term.nullable for term in chosen.values()) > 1:
            del chosen[self.empty.uid]
        if not chosen:
            return self.nothing
        parts = tuple(chosen[uid] for uid in sorted(chosen))
        return parts[0] if len(parts) == 1 else self._make("either", parts, any(part.nullable for part in parts))

    def both(self, terms: Iterable[Term]) -> Term:
        """Return the intersection of languages."""
        chosen: dict[int, Term] = {}
        for term in self._flat(terms, "both"):
            if term is self.nothing:
                return term
            if term is not self.everything:
                chosen[term.uid] = term
        if not chosen:
            return self.everything
        if self.empty.uid in chosen:
            return self.empty if all(term.nullable for term in chosen.values()) else self.nothing
        if any(term.op == "not" and term.parts[0].uid in chosen for term in chosen.values()):
            return self.nothing
        parts = tuple(chosen[uid] for uid in sorted(chosen))
        return parts[0] if len(parts) == 1 else self._make("both", parts, all(part.nullable for part in parts))

    def _flat(self, terms: Iterable[Term], op: str) -> Iterable[Term]:
        for term in terms:
            if term.op == op:
                yield from term.parts
            else:
                yield term

    def contrary(self, term: Term) -> Term:
        """Return the complement of a language."""
        if term.op == "not":
            return term.parts[0]
        return self._make("not", (term,), not term.nullable)

    def repeat(self, body: Term, least: int, most: int | None) -> Term:
        """Return the words made of so many words of a language."""
        if body.nullable:
            least = 0
        if most == 0 or body is self.empty:
            return self.empty
        if body is self.nothing:
            return self.empty if least == 0 else body
        if least == 1 and most == 1:
            return body
        if body is self.everything or (body.op == "repeat" and body.bounds == (0, None)):
            return body
        if least == 0 and most is None and body.op == "chars" and body.ranges == charsets.EVERYTHING:
            return self.everything
        return self._make("repeat", (body,), least == 0, bounds=(least, most))

    def derive(self, term: Term) -> Edges:
        """Return what follows on each character, from what follows for the parts of a term."""
        if term.op == "chars":
            cuts = tuple(cut for low, high in term.ranges for cut in (low - 1, high) if cut >= 0)
            inside = [any(low <= cut <= high for low, high in term.ranges) for cut in cuts]
            targets = [self.empty if each else self.nothing for each in inside]
            return _tidy([*cuts, charsets.LAST], [*targets, self.nothing])
        if term.op == "empty":
            return ((charsets.LAST,), (self.nothing,))
        if term.op == "not":
            return self._mapped(term.parts[0], self.contrary)
        if term.op == "join":
            first, second = term.parts
            edges = self._mapped(first, lambda left: self.join(left, second))
            if not first.nullable:
                return edges
            return self._merged((edges, second.edges), self.either)
        if term.op == "repeat":
            least, most = term.bounds
            rest = self.repeat(term.parts[0], max(least - 1, 0), None if most is None else most - 1)
            return self._mapped(term.parts[0], lambda left: self.join(left, rest))
        combine = self.either if term.op == "either" else self.both
        return self._merged([part.edges for part in term.parts], combine)

    def _mapped(self, term: Term, change: Change) -> Edges:
        cuts, targets = term.edges
        changed: dict[int, Term] = {}
        for target in targets:
            if target.uid not in changed:
                changed[target.uid] = change(target)
        return _tidy(cuts, [changed[target.uid] for target in targets])

    def _merged(self, many: Iterable[Edges], combine: Combine) -> Edges:
        many = tuple(many)
        cuts = sorted({cut for each, _ in many for cut in each})
        known: dict[tuple[int, ...], Term] = {}
        targets = []
        positions = [0] * len(many)
        for cut in cuts:
            for number, (each, _) in enumerate(many):
                while each[positions[number]] < cut:
                    positions[number] += 1
            following = tuple(terms[position] for (_, terms), position in zip(many, positions, strict=True))
            key = tuple(term.uid for term in following)
            if key not in known:
                known[key] = combine(following)
            targets.append(known[key])
        return _tidy(cuts, targets)


def _tidy(cuts: Iterable[int], targets: Iterable[Term]) -> Edges:
    """Join ranges that lead to the same term."""
    kept_cuts: list[int] = []
    kept_targets: list[Term] = []
    for cut, target in zip(cuts, targets, strict=True):
        if kept_targets and kept_targets[-1] is target:
            kept_cuts[-1] = cut
        elif not kept_cuts or cut > kept_cuts[-1]:
            kept_cuts.append(cut)
            kept_targets.append(target)
    return tuple(kept_cuts), tuple(kept_targets)
