"""One cause, one finding."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Place
from eventkit.discovery.landscape import Landscape
from eventkit.schema import MISSING
from eventkit.verify.finding import BrokenPair, Finding, Silence, Spot
from eventkit.verify.grouping import grouped
from eventkit.verify.verify import verify
from tests.verify.landscapes import contract, fields, message

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def findings() -> st.SearchStrategy[Finding]:
    """Return findings that often share places."""
    spot = st.builds(Spot, st.builds(Place, st.sampled_from("ab"), st.integers(1, 2)), st.just("reads"))
    return st.builds(
        Finding,
        code=st.sampled_from(["EK101", "EK102"]),
        message=st.just("it breaks"),
        event=st.sampled_from([None, EventType("x.a", 1), EventType("x.a", 2), EventType("x.b", 1)]),
        publisher=st.sampled_from([None, "p", "q"]),
        subscriber=st.sampled_from(["r", "s"]),
        path=st.sampled_from([None, "/a", "/money/a", "/b"]),
        spots=st.lists(spot, max_size=2).map(tuple),
        counterexample=st.sampled_from([MISSING, 1]),
        silence=st.sampled_from([None, Silence("known", Place("a", 1), True)]),
    )


def apart(groups: list[Finding]) -> list[Finding]:
    """Return all findings of groups, in an order that does not depend on theirs."""
    singles = [single for group in groups for single in (replace(group, further=()), *group.further)]
    return sorted(singles, key=repr)


@given(st.lists(findings(), max_size=12))
def test_nothing_is_lost_and_nothing_is_added(several) -> None:
    assert apart(grouped(several)) == sorted(several, key=repr)


@given(st.lists(findings(), max_size=12), st.randoms())
def test_the_order_of_the_findings_does_not_change_the_groups(several, random) -> None:
    shuffled = list(several)
    random.shuffle(shuffled)

    assert sorted(grouped(shuffled), key=repr) == sorted(grouped(several), key=repr)


@given(st.lists(findings(), max_size=12))
def test_what_is_grouped_stays_as_it_is(several) -> None:
    once = grouped(several)

    assert grouped(once) == once


@given(st.lists(findings(), max_size=12))
def test_a_group_has_one_code_one_reason_and_one_place_on_one_of_its_sides(several) -> None:
    for group in grouped(several):
        members = [group, *group.further]
        assert len({(member.code, member.silence) for member in members}) == 1
        if group.further:
            sides = [{member.spots[side].place for member in members} for side in (0, -1)]
            assert 1 in map(len, sides)


def landscape_with(publishers: int, subscribers: int, sent: dict, read: dict) -> Landscape:
    """Return services that each publish or handle `order.created` with a model of their own."""
    return Landscape(
        (
            *(
                contract(f"p{n}", (message("order.created", sent, places={"": Place(f"p{n}.py", 1)}, closed=True),))
                for n in range(publishers)
            ),
            *(
                contract(f"s{n}", (), (message("order.created", read, places={"": Place(f"s{n}.py", 7)}),))
                for n in range(subscribers)
            ),
        )
    )


def test_a_field_that_a_publisher_drops_is_one_finding_with_all_its_readers() -> None:
    (finding,) = verify(landscape_with(1, 5, fields(), fields(a=STRING))).findings

    assert finding.code == "EK101"
    assert finding.headline == "s0 rejects events that p0 can publish as order.created (and 4 more pairs)"
    assert [pair.subscriber for pair in finding.pairs] == ["s0", "s1", "s2", "s3", "s4"]
    assert [spot.place.file for spot in finding.all_spots] == ["s0.py", "p0.py", "s1.py", "s2.py", "s3.py", "s4.py"]


def test_a_reader_that_several_publishers_break_is_one_finding() -> None:
    found = verify(landscape_with(3, 1, fields(), fields(a=STRING))).findings
    (finding,) = [finding for finding in found if finding.code == "EK101"]

    assert [pair.publisher for pair in finding.pairs] == ["p0", "p1", "p2"]


def test_a_field_of_a_model_that_many_events_share_is_one_finding() -> None:
    names = [f"order.e{n}" for n in range(10)]
    sent, read = ({"/total/amount": Place("money.py", 4)}, {"/total/amount": Place("reader.py", 9)})
    found = verify(
        Landscape(
            (
                contract("p", tuple(message(name, fields(total=fields(amount=STRING)), places=sent) for name in names)),
                contract(
                    "s", (), tuple(message(name, fields(total=fields(amount=INTEGER)), places=read) for name in names)
                ),
            )
        )
    ).findings

    assert len(found) == 1
    assert found[0].pairs[:2] == (
        BrokenPair(EventType("order.e0", 1), "p", "s", "/total/amount"),
        BrokenPair(EventType("order.e1", 1), "p", "s", "/total/amount"),
    )
    assert len(found[0].pairs) == 10
    assert len(found[0].all_spots) == 2


def test_two_fields_that_are_gone_from_one_model_are_two_findings() -> None:
    found = verify(landscape_with(1, 2, fields(), fields(a=STRING, b=STRING))).findings

    assert [(finding.path, len(finding.pairs)) for finding in found] == [("/a", 2), ("/b", 2)]


@pytest.mark.parametrize(
    ("subscribers", "advice"),
    [
        ("a", "read text in a"),
        ("ab", "read text in a (likewise for b)"),
        ("abc", "read text in a (likewise for b and c)"),
        ("abcdef", "read text in a (likewise for b, c and 3 more)"),
    ],
)
def test_the_advice_of_a_group_names_the_others_that_need_the_edit(subscribers, advice) -> None:
    spots = (Spot(Place("r.py", 1)), Spot(Place("s.py", 1)))
    event = EventType("x.paid", 1)
    findings = [
        Finding("EK102", "", event=event, publisher="p", subscriber=name, spots=spots, help=f"read text in {name}")
        for name in subscribers
    ]
    (group,) = grouped(findings)

    assert group.advice == advice
