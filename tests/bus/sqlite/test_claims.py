"""Which deliveries an instance gets."""

from __future__ import annotations

import re

import pytest

from eventkit.bus.sqlite.claims import RUN, SCAN, STRIDE
from eventkit.bus.sqlite.order import SUSPECT
from eventkit.bus.sqlite.presence import PRESENCE, vanish
from eventkit.bus.sqlite.settlement import extend
from eventkit.bus.sqlite.subscription import delivery_of
from tests.bus.sqlite.tables import Tables, ids


class TestNewEvents:
    def test_an_event_goes_to_one_instance_of_each_group(self, tables: Tables) -> None:
        one, another, other_group = tables.instance(), tables.instance(), tables.instance(group="other")
        event = tables.publish()
        assert ids(tables.claim(one)) == [event]
        assert tables.claim(another) == []
        assert ids(tables.claim(other_group)) == [event]

    def test_they_come_in_the_order_of_publication_and_not_more_than_asked_for(self, tables: Tables) -> None:
        instance = tables.instance()
        events = [tables.publish() for _ in range(5)]
        assert ids(tables.claim(instance, limit=3)) == events[:3]
        assert ids(tables.claim(instance, limit=3)) == events[3:]

    def test_types_that_the_group_does_not_handle_are_passed_over(self, tables: Tables) -> None:
        instance = tables.instance(["a.happened"])
        tables.publish(type_="b.happened")
        event = tables.publish(type_="a.happened")
        assert ids(tables.claim(instance)) == [event]

    def test_one_transaction_looks_at_a_part_of_a_long_log(self, tables: Tables) -> None:
        instance = tables.instance(["a.happened"])
        for _ in range(SCAN + 1):
            tables.publish(type_="b.happened")
        event = tables.publish(type_="a.happened")
        first = tables.look(instance)
        assert (first.deliveries, first.more) == ([], True)
        assert ids(tables.claim(instance)) == [event]

    def test_a_few_foreign_events_are_passed_over_without_writing(self, tables: Tables) -> None:
        instance = tables.instance(["a.happened"])
        for _ in range(STRIDE - 1):
            tables.publish(type_="b.happened")
        before = tables.connection.total_changes
        assert not tables.look(instance).more
        assert tables.connection.total_changes == before
        tables.publish(type_="b.happened")
        tables.look(instance)
        assert tables.connection.total_changes == before + 2  # the event, and the position behind it


class TestKeys:
    def test_a_few_of_one_key_go_out_together(self, tables: Tables) -> None:
        instance = tables.instance()
        events = [tables.publish("k") for _ in range(RUN + 1)]
        first = tables.claim(instance)
        assert ids(first) == events[:RUN]
        assert tables.claim(instance) == []
        tables.done(instance, *first)
        assert ids(tables.claim(instance)) == events[RUN:]

    def test_a_key_that_is_out_does_not_hold_back_another(self, tables: Tables) -> None:
        one, another = tables.instance(), tables.instance()
        tables.publish("k")
        tables.claim(one)
        tables.publish("k")
        other_key, no_key = tables.publish("l"), tables.publish()
        assert ids(tables.claim(another)) == [other_key, no_key]

    def test_a_retry_holds_back_what_was_published_later(self, tables: Tables) -> None:
        instance = tables.instance()
        first = tables.publish("k")
        (delivery,) = tables.claim(instance)
        second = tables.publish("k")
        tables.again(instance, delivery, after=5.0)
        found = tables.look(instance)
        assert (found.deliveries, found.due_in) == ([], 5.0)
        tables.now += 5.0
        assert ids(tables.claim(instance)) == [first, second]

    def test_a_retry_that_is_due_waits_until_the_rest_of_its_key_has_come_back(self, tables: Tables) -> None:
        one, another = tables.instance(), tables.instance()
        events = [tables.publish("k") for _ in range(2)]
        failed, behind = tables.claim(one)
        tables.again(one, failed, after=1.0)
        tables.now += 2.0
        assert tables.claim(another) == []
        tables.released(one, behind)
        assert one.group in tables.woken
        assert ids(tables.claim(another)) == events

    def test_retries_that_must_wait_do_not_hide_one_that_need_not(self, tables: Tables) -> None:
        one, another = tables.instance(), tables.instance()
        for key in "abcdef":
            tables.publish(key), tables.publish(key)
        deliveries = tables.claim(one)
        for failed in deliveries[::2]:
            tables.again(one, failed, after=1.0)
        event = tables.publish()
        (delivery,) = tables.claim(one)
        tables.again(one, delivery, after=2.0)
        tables.now += 2.0
        assert ids(map(delivery_of, tables.look(another, limit=3).deliveries)) == [event]


class TestLeases:
    def test_what_outlived_its_lease_goes_to_another_instance(self, tables: Tables) -> None:
        one, another = tables.instance(lease=30.0), tables.instance()
        tables.publish()
        tables.claim(one)
        tables.now += 29.0
        found = tables.look(another)
        assert (found.deliveries, found.due_in) == ([], 1.0)
        tables.now += 1.0
        (delivery,) = tables.claim(another)
        assert (delivery.attempt, delivery.failures) == (2, ())

    def test_a_lease_can_be_extended(self, tables: Tables) -> None:
        one, another = tables.instance(lease=30.0), tables.instance()
        tables.publish()
        deliveries = tables.claim(one)
        tables.now += 20.0
        tables.run(extend, one.group, deliveries, one.lease)
        tables.now += 20.0
        assert tables.claim(another) == []

    def test_the_order_of_a_key_survives_the_end_of_a_lease(self, tables: Tables) -> None:
        one, another = tables.instance(lease=30.0), tables.instance()
        events = [tables.publish("k") for _ in range(3)]
        tables.claim(one)
        tables.now += 31.0
        assert ids(tables.claim(another, limit=1)) == events[:1]
        assert tables.claim(one) == [], "the rest waits for the first"

    def test_a_clock_that_is_set_back_does_not_prolong_leases_and_pauses(self, tables: Tables) -> None:
        instance = tables.instance(lease=30.0)
        retried, leased = tables.publish("k"), tables.publish("l")
        again, _ = tables.claim(instance)
        tables.again(instance, again, after=10.0)
        tables.now -= 3600.0
        assert tables.look(instance).due_in == pytest.approx(10.0)
        tables.now += 10.0
        assert ids(tables.claim(instance)) == [retried]
        tables.now += 20.0
        assert ids(tables.claim(instance)) == [leased]


class TestSuspects:
    def test_what_crashed_twice_is_handed_out_alone_until_the_culprit_is_found(self, tables: Tables) -> None:
        instance = tables.instance(lease=30.0)
        events = [tables.publish() for _ in range(3)]
        for _ in range(SUSPECT):
            assert ids(tables.claim(instance)) == events
            tables.now += 31.0
        new = tables.publish()
        alone, fresh = tables.claim(instance)
        assert ids([alone, fresh]) == [events[0], new]
        assert tables.claim(instance) == []
        tables.done(instance, alone, fresh)
        assert instance.group in tables.woken, "the others waited for it"
        (culprit,) = tables.claim(instance)
        tables.now += 31.0
        assert ids(tables.claim(instance)) == [events[2]], "who crashed less often comes first"
        assert culprit.attempt == 1 + SUSPECT

    def test_a_retry_that_is_due_waits_behind_a_suspect_of_its_key(self, tables: Tables) -> None:
        instance = tables.instance(lease=30.0)
        events = [tables.publish("k") for _ in range(2)]
        first, second = tables.claim(instance)
        tables.again(instance, second, after=0.0)
        tables.now += 31.0
        for _ in range(SUSPECT - 1):
            assert ids(tables.claim(instance, limit=1)) == events[:1]
            tables.now += 31.0
        assert ids(tables.claim(instance)) == events[:1]
        assert tables.claim(instance) == []
        assert first


class TestTypesOfOtherInstances:
    def test_they_are_left_to_an_instance_that_handles_them(self, tables: Tables) -> None:
        old = tables.instance(["a.happened"])
        new = tables.instance(["a.happened", "b.happened"])
        first, second, third = tables.publish("k"), tables.publish("k", "b.happened"), tables.publish("k")
        (delivery,) = tables.claim(old)
        tables.done(old, delivery)
        assert ids([delivery]) == [first]
        assert tables.claim(old) == []
        assert ids(tables.claim(new)) == [second, third]

    def test_without_such_an_instance_everyone_gets_them(self, tables: Tables) -> None:
        old = tables.instance(["a.happened"])
        new = tables.instance(["a.happened", "b.happened"])
        event = tables.publish(type_="b.happened")
        assert tables.claim(old) == []
        tables.run(vanish, new)
        assert old.group in tables.woken
        assert ids(tables.claim(old)) == [event]

    def test_an_instance_that_was_not_heard_of_for_long_does_not_count(self, tables: Tables) -> None:
        old = tables.instance(["a.happened"])
        tables.instance(["b.happened"])
        event = tables.publish(type_="b.happened")
        assert tables.claim(old) == []
        tables.now += PRESENCE + 1
        assert ids(tables.claim(old)) == [event]


class TestBacklog:
    def test_no_statement_walks_through_a_table_that_grows(self, tables: Tables) -> None:
        """Each step is found by an index, so that it costs the same with a backlog of 100,000 events."""
        statements: set[str] = set()
        one, another = tables.instance(lease=30.0), tables.instance(["a.happened", "b.happened"])
        tables.connection.set_trace_callback(statements.add)
        for key in (None, "k", "k", "l"):
            tables.publish(key)
            tables.publish(key, "b.happened")
        for instance in (one, another):
            unlocked, *rest = tables.claim(instance)
            tables.again(instance, unlocked)
            tables.run(extend, instance.group, rest, 30.0)
            tables.released(instance, *rest)
        for _ in range(SUSPECT + 1):
            tables.now += 31.0
            deliveries = tables.claim(another)
        tables.dead(another, deliveries[0])
        tables.done(another, *deliveries[1:])
        tables.connection.set_trace_callback(None)
        plans = {statement: plan(tables, statement) for statement in statements if not statement.startswith(CONTROL)}
        small = re.compile(r"(SCAN|SEARCH) (groups|handled|listeners|json_each|CONSTANT ROW|\(subquery)")
        walks = re.compile(r"SCAN|PRIMARY KEY \(group_id=\?\)$|TEMP B-TREE")
        assert {s: p for s, lines in plans.items() for p in lines if walks.search(p) and not small.match(p)} == {}


CONTROL = ("BEGIN", "COMMIT", "PRAGMA", "--")


def plan(tables: Tables, statement: str) -> list[str]:
    return [line for *_, line in tables.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
