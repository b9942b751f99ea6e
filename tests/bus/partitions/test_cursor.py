"""How far a group got in a log: whatever finishes in whatever order, nothing is read twice and nothing is left out."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.bus.partitions.cursor import Cursor
from eventkit.delivery.subscription import Failure

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(cursor: Cursor, places: list[int]) -> dict[int, int]:
    """Read on from where the cursor stands; return what is to be handled, with the attempts so far."""
    found = {place: cursor.add(place) for place in places if place >= cursor.read}
    return {place: known[0] for place, known in found.items() if known is not None}


def reloaded(cursor: Cursor) -> Cursor:
    return Cursor.from_json(cursor.log, cursor.partition, cursor.to_json())


@given(st.lists(st.integers(0, 300), unique=True, min_size=1).map(sorted), st.integers(0, 2**32))
def test_each_event_is_handled_once_however_often_the_owner_changes(places: list[int], seed: int) -> None:
    """A log with gaps, events that finish in any order, and owners that end after any of their saves.

    An owner saves what it has taken over before it reads; hands out some of what it read; and finishes some of that.
    """
    chance = random.Random(seed)
    cursor, finished, attempts = Cursor("order", 0, 0), set(), dict.fromkeys(places, 0)
    while len(finished) < len(places):
        here = read(cursor, places[: chance.randint(1, len(places))])
        assert not finished & here.keys()
        assert here == {place: attempts[place] for place in here}
        out = chance.sample(sorted(here), chance.randint(0, len(here)))
        for place in out:
            attempts[place] += 1
            cursor.hand_out(place, attempts[place])
        for place in chance.sample(out, chance.randint(0, len(out))):
            cursor.finish(place)
            finished.add(place)
        rest = [place for place in places if place not in finished]
        assert cursor.position <= (rest or [cursor.read])[0]
        cursor = reloaded(cursor)
        if chance.random() < 0.5:
            cursor = reloaded(cursor)

    assert read(cursor, places) == {}


def test_the_position_is_the_first_place_that_is_not_finished() -> None:
    cursor = Cursor("order", 0, 10)
    assert cursor.position == 10
    read(cursor, [10, 11, 12, 15])
    cursor.finish(11)
    assert (cursor.position, cursor.read) == (10, 16)
    cursor.finish(10)
    assert cursor.position == 12
    cursor.finish(15)
    cursor.finish(12)
    assert cursor.position == 16


def test_what_was_never_out_is_not_finished_because_later_events_were_out() -> None:
    cursor = Cursor("order", 0, 10)
    read(cursor, [10, 11, 12])
    cursor.hand_out(12, 1)

    taken_over = reloaded(cursor)
    assert taken_over.position == 10
    assert read(reloaded(taken_over), [10, 11, 12]) == {10: 0, 11: 0, 12: 1}


def test_what_is_skipped_counts_as_read() -> None:
    cursor = Cursor("order", 0, 0)
    cursor.skip(4)
    assert (cursor.position, cursor.read) == (5, 5)


def test_failures_and_attempts_outlive_the_owner() -> None:
    cursor = Cursor("order", 0, 0)
    read(cursor, [0, 1])
    cursor.hand_out(1, 2)
    cursor.fail(1, Failure(NOW, "ValueError: ü"))

    after = reloaded(cursor)

    assert after.add(0) == (0, ())
    assert after.add(1) == (2, (Failure(NOW, "ValueError: ü"),))


def test_what_was_taken_back_was_never_out() -> None:
    cursor = Cursor("order", 0, 0)
    read(cursor, [0])
    cursor.hand_out(0, 1)
    cursor.hand_out(0, 0)

    assert reloaded(cursor).add(0) == (0, ())


def test_it_tells_whether_the_owner_before_ended_in_order() -> None:
    cursor = Cursor("order", 0, 0)
    cursor.clean = False
    assert not reloaded(cursor).clean
    cursor.clean = True
    assert reloaded(cursor).clean


def test_what_left_the_log_before_it_was_handled_is_told() -> None:
    cursor = Cursor("order", 0, 0)
    read(cursor, [0, 1, 2, 3])
    cursor.finish(3)
    cursor = reloaded(cursor)

    assert cursor.begin(2) == 2
    assert cursor.position == 2
    assert read(cursor, [2, 3, 4]) == {2: 0, 4: 0}


def test_an_event_that_was_removed_from_the_middle_holds_nothing_up() -> None:
    cursor = Cursor("order", 0, 0)
    read(cursor, [0, 1, 2])
    cursor.finish(2)
    cursor = reloaded(cursor)
    assert read(cursor, [1, 2, 3]) == {1: 0, 3: 0}
    cursor.finish(1)
    cursor.finish(3)

    assert cursor.position == 4


class TestPast:
    """A type that comes to those that a group handles starts with its past."""

    def test_a_group_that_is_new_reads_all_from_the_beginning(self) -> None:
        cursor = Cursor("order", 0, 5)

        assert cursor.cover(["order.created"], first=5)
        assert cursor.past == []

    def test_a_new_type_gets_a_cursor_that_ends_where_the_others_stand(self) -> None:
        cursor = Cursor("order", 0, 0, ["order.created"])
        for place in range(4):
            cursor.skip(place)

        assert cursor.cover(["order.created", "order.paid"], first=1)

        [past] = cursor.past
        assert (past.types, past.read, past.until, past.ended, past.main) == ({"order.paid"}, 1, 4, False, cursor)
        assert not cursor.cover(["order.created", "order.paid"], first=1)

    def test_the_past_is_saved_with_its_cursor_until_it_is_over(self) -> None:
        cursor = Cursor("order", 0, 3, ["order.created"])
        cursor.cover(["order.created", "order.paid"], first=0)

        cursor = reloaded(cursor)
        [past] = cursor.past
        past.add(0)
        past.begin(3)
        assert past.ended
        assert len(reloaded(cursor).past) == 1  # its event is not finished
        past.finish(0)
        assert reloaded(cursor).past == []
        assert reloaded(cursor).types == {"order.created", "order.paid"}

    def test_a_new_type_is_read_by_its_past_as_far_as_others_were_finished(self) -> None:
        cursor = Cursor("order", 0, 0, ["order.created"])
        cursor.add(0)
        cursor.skip(1)  # of the type that comes later
        cursor.add(2)
        cursor.finish(2)
        cursor = reloaded(cursor)
        cursor.cover(["order.created", "order.paid"], first=0)

        [past] = cursor.past
        assert past.add(1) is not None
        assert [place for place in range(3) if cursor.add(place) is not None] == [0]
        assert past.until == 3

    def test_a_type_that_comes_back_goes_on_where_it_was_left(self) -> None:
        cursor = Cursor("order", 0, 0, ["order.created", "order.paid"])
        for place in range(4):
            cursor.add(place)
        for place in (0, 2):
            cursor.finish(place)
        cursor = reloaded(cursor)
        cursor.cover(["order.created"], first=0)
        assert cursor.unread == []
        for place in range(1, 6):
            cursor.skip(place)
        cursor = reloaded(cursor)

        assert cursor.cover(["order.created", "order.paid"], first=0)

        [past] = cursor.unread
        assert (past.types, past.until, past.position) == ({"order.paid"}, 6, 1)
        assert [place for place in range(1, 6) if past.add(place) is not None] == [1, 3, 4, 5]

    def test_a_past_that_was_left_unread_is_read_when_its_type_comes_back(self) -> None:
        cursor = Cursor("order", 0, 3, ["order.created"])
        cursor.cover(["order.created", "order.paid"], first=0)
        cursor.past[0].skip(0)
        cursor = reloaded(cursor)
        cursor.cover(["order.created"], first=0)
        assert cursor.unfinished(3) == 0
        cursor.skip(5)
        cursor = reloaded(cursor)
        cursor.cover(["order.created", "order.paid"], first=0)

        assert [(past.read, past.until) for past in cursor.unread] == [(1, 3), (3, 6)]

    def test_what_left_the_log_meanwhile_is_passed_over(self) -> None:
        cursor = Cursor("order", 0, 3, ["order.created", "order.paid"])
        cursor.cover(["order.created"], first=0)
        cursor.skip(9)
        cursor.cover(["order.created", "order.paid"], first=7)

        assert [(past.read, past.until) for past in cursor.unread] == [(7, 10)]


class TestText:
    def test_errors_are_shortened_to_fit_and_nothing_else_is(self) -> None:
        cursor = Cursor("order", 0, 0)
        read(cursor, list(range(10)))
        for place in range(10):
            cursor.hand_out(place, 3)
            cursor.fail(place, Failure(NOW, "x" * 2000))

        text = cursor.to_json(limit=2000)

        assert len(text) <= 2000
        attempts, [failure] = Cursor.from_json("order", 0, text).add(0) or (0, ())
        assert (attempts, failure.at) == (3, NOW)
        assert failure.error.startswith("xxxx")
        assert failure.error.endswith("…")

    def test_neighbours_are_written_together(self) -> None:
        cursor = Cursor("order", 0, 0)
        read(cursor, list(range(1000)))
        cursor.finish(500)
        cursor.finish(999)

        assert json.loads(cursor.to_json())["holes"] == [[0, 499], [501, 998]]

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"position": "x", "high": 0, "clean": true}', "\0"])
    def test_what_it_has_not_written_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not the progress of a group"):
            Cursor.from_json("order", 0, text)


def test_what_is_not_finished_can_be_counted() -> None:
    cursor = Cursor("order", 0, 10, ["order.created"])
    for place in range(10, 16):
        cursor.add(place)
    for place in (11, 13):
        cursor.finish(place)
    cursor.hand_out(15, 1)

    assert Cursor.from_json("order", 0, cursor.to_json()).unfinished(20) == 8
    assert Cursor("order", 0, 10).unfinished(10) == 0
