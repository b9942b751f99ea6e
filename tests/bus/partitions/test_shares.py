"""Which instance should own which partitions."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from eventkit.bus.partitions.shares import shares

members = st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=12)
partitions = st.integers(1, 64)


@given(members, partitions)
def test_each_partition_has_one_owner_and_nobody_has_two_more_than_another(members, partitions):
    shared = shares(members, partitions)

    assert sorted(chain.from_iterable(shared.values())) == list(range(partitions))
    assert shared.keys() == members
    sizes = [len(owned) for owned in shared.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.permutations(["a", "b", "c", "d", "d"]), partitions)
def test_the_order_in_which_members_are_known_changes_nothing(members, partitions):
    assert shares(members, partitions) == shares(["a", "b", "c", "d"], partitions)


def test_without_members_there_are_no_owners():
    assert shares([], 8) == {}


def test_few_partitions_move_when_a_member_comes():
    """A quarter has to move when three members become four; of 64 partitions, that is 16."""
    moved = []
    for number in range(50):
        before = shares([f"{number}-{each}" for each in "abc"], 64)
        after = shares([f"{number}-{each}" for each in "abcd"], 64)
        moved.append(64 - sum(len(owned & after[name]) for name, owned in before.items()))

    assert sum(moved) / len(moved) < 20
