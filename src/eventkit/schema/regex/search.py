"""Words that match some patterns and do not match others: a walk through the product of their automata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from eventkit.schema.budget import Budget, Undecided
from eventkit.schema.regex import charsets, language
from eventkit.schema.regex.terms import Algebra, Term

State = tuple[Term, ...]

Path = tuple["Path", str] | None
"""A word, as its last character and the path before; words that begin alike share their beginning."""

_LONGEST = 5_000
_MOST_VISITS = 6
_COST = 1
"""Of a step of the product; each automaton costs as much again."""


def words(
    matching: Iterable[str],
    not_matching: Iterable[str],
    excluded: Iterable[str],
    least: int,
    most: int | None,
    budget: Budget,
    *,
    several: bool,
) -> Iterator[str]:
    """Yield words of a length from `least` to `most`, the shortest first.

    Args:
        matching: patterns that match somewhere in the word.
        not_matching: patterns that match nowhere in it.
        excluded: words that are not wanted.
        least: how many characters the word has at least.
        most: how many it has at most, None for any number.
        budget: pays for the walk.
        several: whether further words are wanted; if there is a word at all, the first one is yielded in any case.

    Raises:
        Undecided: a pattern is not supported, or no word is short enough to be looked for.
        OutOfBudget: there are no steps left.
    """
    automata = [(language(pattern).start, True) for pattern in dict.fromkeys(matching)]
    automata += [(language(pattern).start, False) for pattern in dict.fromkeys(not_matching)]
    listed = sorted(word for word in excluded if isinstance(word, str))
    if listed:
        budget.spend(sum(map(len, listed)) >> 3)
        automata.append((_listing(tuple(listed)), False))
    if least > _LONGEST:
        raise Undecided(f"texts of more than {_LONGEST} characters are not looked at")
    walk = _Walk([wanted for _, wanted in automata], budget, _MOST_VISITS if several else 1)
    layer: list[tuple[State, Path]] = [(tuple(term for term, _ in automata), None)]
    length = 0
    while layer and (most is None or length <= most):
        if length >= least:
            for state, path in layer:
                if walk.accepts(state):
                    yield _spell(path)
        if length > _LONGEST:
            raise Undecided(f"texts of more than {_LONGEST} characters are not looked at")
        length += 1
        layer = walk.next_layer(layer, once=length >= least)


class _Walk:
    """The product of automata, walked breadth first."""

    def __init__(self, wanted: list[bool], budget: Budget, most_visits: int) -> None:
        self._wanted = wanted
        self._budget = budget
        self._most_visits = most_visits
        self._visits: dict[State, int] = {}
        self._steps: dict[State, list[tuple[State, str]]] = {}

    def accepts(self, state: State) -> bool:
        return all(term.nullable is wanted for term, wanted in zip(state, self._wanted, strict=True))

    def next_layer(self, layer: list[tuple[State, Path]], *, once: bool) -> list[tuple[State, Path]]:
        """Return the states one character further; each state only so often, if its length does not matter any more."""
        visits = self._visits if once else {}
        following: list[tuple[State, Path]] = []
        for state, path in layer:
            for target, char in self._step(state):
                number = visits.get(target, 0)
                if number < self._most_visits:
                    visits[target] = number + 1
                    following.append((target, (path, char)))
        return following

    def _step(self, state: State) -> list[tuple[State, str]]:
        """Return the states that can follow, each with the nicest character that leads there."""
        self._budget.spend()
        if state not in self._steps:
            best: dict[State, tuple[int, str]] = {}
            low = 0
            for cut in sorted({cut for term in state for cut in term.edges[0]} or {charsets.LAST}):
                nice = charsets.nicest(low, cut)
                low = cut + 1
                if nice is None:
                    continue
                self._budget.spend(_COST + len(state))
                target = tuple(term.after(nice[1]) for term in state)
                if self._is_hopeless(target):
                    continue
                if target not in best or nice < best[target]:
                    best[target] = nice
            ranked = sorted(best.items(), key=lambda item: item[1])
            self._steps[state] = [(target, char) for target, (_, char) in ranked]
        return self._steps[state]

    def _is_hopeless(self, state: State) -> bool:
        for term, wanted in zip(state, self._wanted, strict=True):
            dead = term.algebra.nothing if wanted else term.algebra.everything
            if term is dead:
                return True
        return False


@lru_cache(maxsize=64)
def _listing(listed: tuple[str, ...]) -> Term:
    """Return the language of some words; the same words are often excluded again."""
    return _spelled(Algebra(), list(listed))


def _spelled(algebra: Algebra, listed: list[str]) -> Term:
    """Return the language of some words, as a tree of their letters."""
    if listed == [""]:
        return algebra.empty
    following: dict[str, list[str]] = {}
    for word in listed:
        if word:
            following.setdefault(word[0], []).append(word[1:])
    ways = [
        algebra.join(algebra.chars(((ord(char), ord(char)),)), _spelled(algebra, rest))
        for char, rest in following.items()
    ]
    return algebra.either([*ways, algebra.empty] if "" in listed else ways)


def _spell(path: Path) -> str:
    letters = []
    while path is not None:
        path, char = path
        letters.append(char)
    return "".join(reversed(letters))
