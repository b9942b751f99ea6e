"""Deliveries that were given up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eventkit.bus.sqlite.dead_letters import drop, oldest, one, replay
from eventkit.bus.sqlite.log import Entry, append
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Reason, Unreadable
from tests.bus.sqlite.tables import FAILURE, Tables, ids


def test_a_dead_letter_has_all_that_is_known(tables: Tables) -> None:
    instance = tables.instance(group="billing")
    id_ = tables.publish("k", data=b'{"a":1}')
    (delivery,) = tables.claim(instance)
    tables.again(instance, delivery, after=0.0)
    (delivery,) = tables.claim(instance)
    tables.dead(instance, delivery, Reason.FAILED)
    (letter,) = tables.run(oldest, None, 10)
    assert (letter.group, letter.type, letter.reason) == ("billing", "a.happened", Reason.FAILED)
    assert letter.failures == (FAILURE, FAILURE)
    assert (letter.headers["ce-id"], letter.headers["ce-partitionkey"], letter.body) == (id_, "k", b'{"a":1}')
    assert letter.at == datetime.fromtimestamp(tables.now, UTC)
    assert tables.run(one, letter.id) == letter


def test_what_is_no_event_has_no_type(tables: Tables) -> None:
    instance = tables.instance()
    tables.publish(data=b"[1,")
    (delivery,) = tables.claim(instance)
    assert isinstance(delivery.message, Unreadable)
    tables.dead(instance, delivery, Reason.UNREADABLE)
    (letter,) = tables.run(oldest, None, 10)
    assert (letter.type, letter.body) == ("", b"[1,")
    assert letter.headers == delivery.message.headers


def test_they_are_listed_by_group_the_oldest_first(tables: Tables) -> None:
    one_group, other = tables.instance(group="one"), tables.instance(group="other")
    tables.publish(), tables.publish()
    for instance in (other, one_group):
        for delivery in tables.claim(instance):
            tables.dead(instance, delivery)
    assert [each.group for each in tables.run(oldest, None, 3)] == ["other", "other", "one"]
    assert [each.group for each in tables.run(oldest, "one", 10)] == ["one", "one"]
    assert tables.run(oldest, "nobody", 10) == []


class TestReplay:
    def test_it_comes_back_to_its_group_alone_as_if_it_were_new(self, tables: Tables) -> None:
        instance, other = tables.instance(group="one"), tables.instance(group="other")
        event = tables.publish("k")
        (delivery,) = tables.claim(instance)
        tables.done(other, *tables.claim(other))
        tables.dead(instance, delivery)
        (letter,) = tables.run(oldest, None, 1)
        assert tables.run(replay, [letter.id]) == 1
        assert tables.woken == {instance.group}
        assert tables.count("dead_letters") == 0
        assert tables.claim(other) == []
        assert ids(tables.claim(tables.instance(group="new"))) == [event], "once, and not again as a replay"
        (delivery,) = tables.claim(instance)
        assert (ids([delivery]), delivery.attempt, delivery.failures) == ([event], 1, ())

    def test_it_waits_for_what_its_key_has_on_the_way(self, tables: Tables) -> None:
        instance = tables.instance()
        dead = tables.publish("k")
        tables.dead(instance, *tables.claim(instance))
        tables.publish("k")
        (out,) = tables.claim(instance)
        tables.run(replay, ["1"])
        assert tables.claim(instance) == []
        tables.done(instance, out)
        assert ids(tables.claim(instance)) == [dead]

    def test_it_outlives_the_event_in_the_log(self, tables: Tables) -> None:
        instance = tables.instance()
        event = tables.publish()
        tables.dead(instance, *tables.claim(instance))
        tables.connection.execute("DELETE FROM events")
        tables.run(replay, ["1"])
        assert ids(tables.claim(instance)) == [event]

    def test_a_group_that_no_longer_handles_the_type_gets_it_all_the_same(self, tables: Tables) -> None:
        instance = tables.instance()
        event = tables.publish()
        tables.dead(instance, *tables.claim(instance))
        tables.connection.execute("DELETE FROM handled")
        tables.run(replay, ["1"])
        assert ids(tables.claim(instance)) == [event]


def test_dropping_removes_for_good(tables: Tables) -> None:
    instance = tables.instance()
    tables.publish(), tables.publish()
    for delivery in tables.claim(instance):
        tables.dead(instance, delivery)
    assert tables.run(drop, ["1", "1", "7"]) == 1
    assert [each.id for each in tables.run(oldest, None, 10)] == ["2"]
    assert tables.claim(instance) == []


@pytest.mark.parametrize("id_", ["", "x", "-1", "1.0", "٣", "9" * 30, "1; DROP TABLE events"])
def test_an_id_that_is_none_names_no_dead_letter(tables: Tables, id_: str) -> None:
    assert tables.run(one, id_) is None
    assert tables.run(replay, [id_]) == 0
    assert tables.run(drop, [id_]) == 0


def test_headers_and_bytes_are_kept_as_they_came(tables: Tables) -> None:
    envelope = Envelope(id="ü", source="s", type="a.happened", data=b'{"x":"\\u00e4"}', extensions={"n": 5, "b": True})
    instance = tables.instance()
    tables.run(append, Entry.of(envelope))
    (delivery,) = tables.claim(instance)
    assert isinstance(delivery.message, Envelope)
    assert (delivery.message.id, delivery.message.data) == ("ü", envelope.data)
    tables.dead(instance, delivery)
    (letter,) = tables.run(oldest, None, 1)
    assert (letter.headers["ce-id"], letter.body) == ("%C3%BC", envelope.data)
