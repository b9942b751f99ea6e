"""Partitions stay with who has them until that one has finished with them."""

from __future__ import annotations

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from eventkit.bus.kafka.sharing import Claim, Share, share_out

BOTH = frozenset({"order", "payment_service.dead"})
COUNTS = {"order": 8, "payment_service.dead": 8}


def held_by(shares: dict[str, Share]) -> dict[TopicPartition, str]:
    holders = {each: member for member, share in shares.items() for each in share.mine}
    assert len(holders) == sum(len(share.mine) for share in shares.values()), "a partition was given to two"
    return holders


def rounds(claims: dict[str, Claim], counts: dict[str, int]) -> dict[str, Share]:
    """Share out until nobody has anything to give up."""
    while any((shares := share_out(claims, counts))[member].give_up for member in claims):
        claims = {
            member: Claim(claim.topics, frozenset(shares[member].mine - shares[member].give_up), claim.leaving)
            for member, claim in claims.items()
        }
    return shares


def test_everything_is_shared_out_evenly() -> None:
    shares = share_out({"a": Claim(BOTH), "b": Claim(BOTH), "c": Claim(BOTH)}, COUNTS)

    assert len(held_by(shares)) == 16
    assert sorted(len(share.mine) for share in shares.values()) == [4, 6, 6]


def test_partitions_with_the_same_number_go_together() -> None:
    holders = held_by(share_out({"a": Claim(BOTH), "b": Claim(BOTH)}, COUNTS))

    for number in range(8):
        assert holders["order", number] == holders["payment_service.dead", number]


def test_what_is_held_stays_and_is_asked_for() -> None:
    everything = frozenset(TopicPartition(topic, number) for topic in COUNTS for number in range(8))
    shares = share_out({"old": Claim(BOTH, everything), "new": Claim(BOTH)}, COUNTS)

    assert (shares["old"].mine, shares["new"].mine) == (everything, set())
    assert len(shares["old"].give_up) == 8
    assert shares["new"].give_up == set()


def test_who_leaves_keeps_what_it_holds_and_gets_no_more() -> None:
    one = TopicPartition("order", 3)
    shares = share_out({"leaves": Claim(BOTH, frozenset({one}), leaving=True), "stays": Claim(BOTH)}, COUNTS)

    assert shares["leaves"].mine == {one}
    assert shares["leaves"].give_up == {one}
    assert len(shares["stays"].mine) == 15


def test_a_topic_goes_to_those_who_read_it() -> None:
    shares = share_out(
        {"old": Claim(frozenset({"order"})), "new": Claim(frozenset({"order", "user"}))}, {"order": 4, "user": 4}
    )

    assert {each.topic for each in shares["old"].mine} == {"order"}
    assert {each for each in shares["new"].mine if each.topic == "user"} == {("user", number) for number in range(4)}


MEMBERS = st.sets(st.sampled_from("abcdef"), min_size=1)


@given(MEMBERS, MEMBERS, st.integers(1, 20))
def test_whoever_comes_and_goes_all_is_shared_in_the_end(before: set[str], after: set[str], count: int) -> None:
    counts = {"order": count}
    shares = rounds({member: Claim(frozenset(counts)) for member in before}, counts)
    held = {member: frozenset(share.mine) for member, share in shares.items() if member in after}
    shares = rounds({member: Claim(frozenset(counts), held.get(member, frozenset())) for member in after}, counts)

    assert len(held_by(shares)) == count
    sizes = [len(share.mine) for share in shares.values()]
    assert max(sizes) - min(sizes) <= 1
