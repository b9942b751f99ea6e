"""From an event to its partition."""

from collections import Counter

from eventkit.bus.partitions.keys import partition_of
from eventkit.testing.conformance.support import event


def test_events_of_a_key_belong_to_one_partition():
    assert {partition_of(event(f"event-{number}", key="order-1"), 8) for number in range(100)} == {7}


def test_events_without_a_key_are_spread():
    found = Counter(partition_of(event(f"event-{number}"), 8) for number in range(8000))

    assert found.keys() == set(range(8))
    assert min(found.values()) > 800


def test_where_an_event_lies_never_changes():
    """What is stored lies where it was put by the version that stored it."""
    keys = ("order-1", "order-2", "ü", "x" * 4096)
    assert [partition_of(event("a", key=key), 64) for key in keys] == [47, 21, 21, 1]
