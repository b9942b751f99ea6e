"""Circles of services."""

from hypothesis import given
from hypothesis import strategies as st

from eventkit.discovery.landscape import Landscape
from eventkit.verify.cycles import cycles
from eventkit.verify.traffic import Traffic
from tests.verify.landscapes import contract, message


def circles(edges: dict[str, list[str]]) -> list[str]:
    """Return what is found where each service sends an event of its own to others."""
    names = sorted({*edges, *(name for names in edges.values() for name in names)})
    contracts = tuple(
        contract(
            name,
            (message(f"{name}.sent"),),
            tuple(message(f"{sender}.sent") for sender in names if name in edges.get(sender, ())),
        )
        for name in names
    )
    return [finding.message for finding in cycles(contracts, Traffic.of(Landscape(contracts)))]


def test_a_chain_is_no_circle() -> None:
    assert circles({"a": ["b", "c"], "b": ["c"]}) == []


def test_a_circle_is_told_as_a_path() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"]}) == [
        "events can go in a circle: a publishes a.sent, b publishes b.sent, c publishes c.sent, which a handles"
    ]


def test_services_that_reach_each_other_are_one_finding() -> None:
    assert len(circles({"a": ["b", "c"], "b": ["a", "c"], "c": ["a"], "d": ["d", "a"]})) == 2


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), unique=True)))
def test_there_is_a_circle_where_a_service_reaches_itself(edges) -> None:
    reached = {start: set(edges.get(start, ())) for start in "abcdef"}
    for _ in range(6):
        for start in reached:
            reached[start] |= {far for near in reached[start] for far in reached[near]}

    groups = {
        frozenset(b for b in "abcdef" if b in reached[a] and a in reached[b]) for a in "abcdef" if a in reached[a]
    }
    assert len(circles(edges)) == len(groups)
