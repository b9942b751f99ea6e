"""How far a group has got fits into what a broker takes, and is read again."""

from __future__ import annotations

import pytest
from aiokafka import OffsetAndMetadata, TopicPartition

from eventkit.bus.kafka.progress import LIMIT, read, written
from eventkit.bus.partitions.cursor import Cursor

PARTITION = TopicPartition("order", 3)
BASE = 123_456_789_000


def with_holes(count: int) -> Cursor:
    """Every second event is finished, and those between are out."""
    cursor = Cursor("order", 3, BASE, ["order.created"])
    for place in range(BASE, BASE + 2 * count):
        cursor.add(place)
        if place % 2:
            cursor.finish(place)
        else:
            cursor.hand_out(place, 1)
    return cursor


def left_of(committed: OffsetAndMetadata, count: int) -> list[int]:
    again = read(PARTITION, committed, ())
    return [place for place in range(BASE, BASE + 2 * count) if again.add(place) is not None]


@pytest.mark.parametrize("count", [1, 20, 128, 300])
def test_what_is_finished_out_of_order_is_remembered(count: int) -> None:
    committed = written(with_holes(count))

    assert committed.offset == BASE
    assert len(committed.metadata) <= LIMIT
    assert left_of(committed, count) == list(range(BASE, BASE + 2 * count, 2))


def test_what_does_not_fit_is_handled_again_rather_than_lost() -> None:
    committed = written(with_holes(20_000))

    assert (committed.offset, committed.metadata) == (BASE, "")
    assert len(left_of(committed, 20_000)) == 40_000


@pytest.mark.parametrize("metadata", ["", "of another consumer", "z:????", '{"position":7,"high":7,"clean":true}'])
def test_an_offset_that_others_committed_counts_alone(metadata: str) -> None:
    cursor = read(PARTITION, OffsetAndMetadata(41, metadata), ["order.created"])

    assert (cursor.position, cursor.high, cursor.types) == (41, 41, {"order.created"})
