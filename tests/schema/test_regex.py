"""Patterns as languages: matching, and words that match some patterns and not others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.schema.budget import Budget, OutOfBudget, Undecided
from eventkit.schema.regex import is_pattern, matches
from eventkit.schema.regex.search import words

ATOMS = st.sampled_from(
    ["a", "b", "ab", ".", "[ab]", "[^a]", "a?", r"\d", r"\w", r"\b", "^", "$", "(?=a)", "(?!b)", ""]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "{0,2}", "{1,2}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


def word(matching: list[str], not_matching: list[str], least: int = 0, most: int | None = None) -> str | None:
    """Return a shortest word that matches the one patterns and not the others."""
    return next(words(matching, not_matching, (), least, most, Budget(50_000), several=False), None)


@given(PATTERNS, st.text("ab1-", max_size=5))
def test_matching_agrees_with_the_standard_library(pattern: str, text: str) -> None:
    assert matches(pattern, text) is (re.search(pattern, text, re.ASCII) is not None)


@given(PATTERNS, PATTERNS)
def test_a_word_matches_what_it_should_and_nothing_else(one: str, other: str) -> None:
    found = word([one], [other], most=4)
    if found is not None:
        assert matches(one, found)
        assert not matches(other, found)
        assert len(found) <= 4
    else:
        tried = ["", "a", "b", "ab", "ba", "aa", "bb", "1", "a1", "-", "a-", "aab", "1b"]
        assert not any(matches(one, text) and not matches(other, text) for text in tried)


INCLUDED = {
    "uuid in its length": (["^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"], ["^.{36}$"]),
    "three letters are letters": (["^[A-Z]{3}$"], ["^[A-Z]+$"]),
    "semver": ([r"^\d+\.\d+\.\d+$"], [r"^\d+(\.\d+)*$"]),
    "a long counter": (["^[a-z]{0,255}$"], ["^.{0,255}$"]),
    "look-ahead": (["^(?=.*[0-9])[a-z0-9]{3}$"], ["[0-9]"]),
    "negative look-ahead": (["^(?!0)[0-9]+$"], ["^[1-9]"]),
    "word boundary": ([r"^ab\b"], [r"^ab(\W|$)"]),
    "anchors in a choice": (["^a|b$"], ["^a", "b$"]),
    "beyond the basic plane": (["^\U0001f432+$"], ["^[\U0001f400-\U0001f4ff]*$"]),
    "control characters": ([r"^\cA\x01\u0001$"], [r"^[\x00-\x1f]{3}$"]),
}


@pytest.mark.parametrize(("matching", "not_matching"), INCLUDED.values(), ids=INCLUDED)
def test_a_language_within_another_leaves_no_word(matching: list[str], not_matching: list[str]) -> None:
    assert word(matching, not_matching) is None


@pytest.mark.parametrize(
    ("matching", "not_matching", "expected"),
    [
        (["^[A-Z]+$"], ["^[A-Z]{3}$"], "A"),
        (["^[a-z0-9]+$"], ["^[a-z]+$"], "1"),
        ([r"^\d{4}-\d{2}$"], [r"-(0[1-9]|1[0-2])$"], "1111-10"),
        ([r"^\s$"], ["^ $"], "\t"),
    ],
)
def test_the_shortest_and_plainest_word_is_found(matching: list[str], not_matching: list[str], expected: str) -> None:
    found = word(matching, not_matching)
    assert found is not None
    assert len(found) == len(expected)
    assert matches(matching[0], found)


def test_lengths_are_kept() -> None:
    assert word(["^a*$"], [], least=3, most=5) == "aaa"
    assert word(["^(aa)*$"], [], least=3, most=3) is None
    assert word(["^(aa)*$"], [], least=3) == "aaaa"


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?<=a)b", "(?i)a", r"\p{Unheard_Of}", "(" * 99 + ")" * 99, "a" * 9_999])
def test_what_is_not_supported_is_undecided(pattern: str) -> None:
    with pytest.raises(Undecided):
        matches(pattern, "a")


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*a", "a**", r"\Z", "[b-a]", "a)", r"\u12", "(?<1>a)"])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    assert not is_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "(x+x+)+y", "((a*)*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_matching_takes_linear_time(pattern: str) -> None:
    assert not matches(pattern, "a" * 5_000 + "!")


def test_a_search_keeps_to_its_budget() -> None:
    with pytest.raises(OutOfBudget):
        next(words(["(.{0,255}@){20}"], ["^x"], (), 0, None, Budget(1_000), several=False))
