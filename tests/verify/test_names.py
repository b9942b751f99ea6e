"""Which names of events can be the name of the same event."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.verify.names import Names, can_be_same, domain, is_pattern, is_wildcard


@pytest.mark.parametrize(
    ("published", "handled", "answer"),
    [
        ("order.created", "order.created", True),
        ("order.created", "order.create", False),
        ("order.created", "orderXcreated", False),
        # Parameters, of either side.
        ("order.eu.created", "order.{region}.created", True),
        ("order.created", "order.{region}.created", False),
        ("order.eu.west.created", "order.{region}.created", False),
        ("order.{region}.created", "order.eu.created", True),
        ("order.{region}.created", "order.{place}.created", True),
        ("order.{region}.created", "order.{place}.paid", False),
        ("{a}.b", "a.{b}", True),
        ("x-{env}-orders", "x-prod-orders", True),
        ("x-{env}-orders", "x-prod-payments", False),
        ("x-{env}", "{region}-y", True),
        ("order/{id}/created", "order/1/created", True),
        ("order/{id}/created", "order.1.created", False),
        # Parameters that have some values only.
        ("order.{eu|us}.created", "order.us.created", True),
        ("order.{eu|us}.created", "order.at.created", False),
        ("order.{eu|us}.created", "order.{us|at}.created", True),
        ("order.{eu|us}.created", "order.{at|de}.created", False),
        ("order.{eu|us.west}.created", "order.us.west.created", True),
        # Wildcards where an event is handled.
        ("order.created", "order.*", True),
        ("order.eu.created", "order.*", False),
        ("order.eu.created", "*.*.created", True),
        ("order/created", "order/+", True),
        ("order.eu.created", "order.>", True),
        ("order", "order.>", False),
        ("order", "order.#", True),
        ("order.eu.created", "order.#", True),
        ("order.eu.created", "#.created", True),
        ("created", "#.created", True),
        ("order.created", "order.#.created", True),
        ("order.eu.at.created", "order.#.created", True),
        ("order/eu", "order/#", True),
        ("orders", "order.#", False),
        ("anything", "#", True),
        ("order.{region}.created", "order.*.created", True),
        ("order.{region}.created", "order.*", False),
        ("order.{region}", "#", True),
        # No wildcards where an event is published, and signs that are no segment.
        ("order.*", "order.created", False),
        ("order.*", "order.*", True),
        ("{a}.*", "x.y", False),
        ("{a}.*", "x.{y|z}", False),
        ("order.created", "order.c*", False),
        ("c++.built", "c++.built", True),
    ],
)
def test_two_names_can_be_the_same_where_some_name_is_meant_by_both(published: str, handled: str, answer: bool) -> None:
    assert can_be_same(published, handled) is answer


SEGMENTS = st.sampled_from(["a", "b", "{p}", "{a|b}", "x-{p}"])
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=3).map(".".join)


@given(PATTERNS, PATTERNS)
def test_of_two_patterns_one_matches_what_the_other_one_can_be(one: str, other: str) -> None:
    # Each open segment stands for anything; these words are enough to tell any two of the patterns above apart.
    words = ["a", "b", "c", "x-a", "x-b"]

    def names(pattern: str) -> set[str]:
        found = [""]
        for segment in pattern.split("."):
            expression = segment.replace("{a|b}", "(a|b)").replace("{p}", ".+")
            found = [f"{name}.{word}" for name in found for word in words if re.fullmatch(expression, word)]
        return set(found)

    assert can_be_same(one, other) is bool(names(one) & names(other))
    assert can_be_same(one, other) is can_be_same(other, one)


def test_a_domain_is_the_first_segment() -> None:
    assert [domain(name) for name in ("order.created", "order/created", "order", "{a.b}.c")] == ["order"] * 3 + [
        "{a.b}"
    ]


def test_what_stands_for_several_names() -> None:
    names = ("order.created", "order.{region}", "order.*", "a*.b")

    assert [is_pattern(name) for name in names] == [False, True, True, False]
    assert [is_wildcard(name) for name in names] == [False, False, True, False]


HANDLED = st.lists(st.sampled_from(["a", "b", "{p}", "{a|b}", "x-{p}", "*", "#", ">"]), min_size=1, max_size=3)


@given(st.lists(PATTERNS, max_size=8), HANDLED.map(".".join))
def test_what_can_be_the_same_is_near(names: list[str], handled: str) -> None:
    near = Names(names).near(handled)

    assert {name for name in names if can_be_same(name, handled)} <= set(near) <= set(names)


@given(PATTERNS, st.lists(HANDLED.map(".".join), max_size=8))
def test_what_handles_a_name_is_near(published: str, names: list[str]) -> None:
    near = Names(names).near(published)

    assert {name for name in names if can_be_same(published, name)} <= set(near) <= set(names)


def test_of_many_patterns_those_with_another_fixed_segment_are_not_near() -> None:
    names = Names(f"order.{{region}}.e{number}" for number in range(1_000))

    assert names.near("order.{place}.e7") == ["order.{region}.e7"]
