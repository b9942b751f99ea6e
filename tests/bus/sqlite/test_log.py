"""Groups that come to the log, and events that leave it."""

from __future__ import annotations

from eventkit.bus.sqlite.log import PRUNE_STEP, prune
from tests.bus.sqlite.tables import Tables, ids

DAY = 86_400.0


class TestJoining:
    def test_a_new_group_gets_the_events_that_are_there(self, tables: Tables) -> None:
        events = [tables.publish() for _ in range(3)]
        assert ids(tables.claim(tables.instance())) == events

    def test_a_new_group_starts_behind_what_was_removed(self, tables: Tables) -> None:
        for _ in range(3):
            tables.publish()
        tables.now += DAY
        kept = tables.publish()
        tables.run(prune, DAY / 2)
        assert ids(tables.claim(tables.instance())) == [kept]

    def test_a_new_group_of_a_log_that_was_emptied_gets_what_comes_next(self, tables: Tables) -> None:
        tables.publish()
        tables.now += DAY
        tables.run(prune, DAY / 2)
        instance = tables.instance()
        event = tables.publish()
        assert ids(tables.claim(instance)) == [event]

    def test_joining_again_changes_nothing(self, tables: Tables) -> None:
        tables.publish()
        instance = tables.instance()
        tables.done(instance, *tables.claim(instance))
        assert tables.claim(tables.instance()) == []

    def test_a_type_that_is_new_in_a_group_is_looked_for_in_what_the_group_has_passed(self, tables: Tables) -> None:
        old = tables.instance(["a.happened"])
        first, second = tables.publish("k", "b.happened"), tables.publish("k", "b.happened")
        keyless = tables.publish(None, "b.happened")
        tables.done(old, *tables.claim(old))
        tables.publish(type_="a.happened")
        tables.done(old, *tables.claim(old))
        new = tables.instance(["a.happened", "b.happened"])
        assert ids(tables.claim(new)) == [first, second, keyless]

    def test_an_event_found_in_this_way_comes_before_later_ones_of_its_key(self, tables: Tables) -> None:
        old = tables.instance(["a.happened"])
        earlier = tables.publish("k", "b.happened")
        later = tables.publish("k", "a.happened")
        (delivery,) = tables.claim(old)
        tables.again(old, delivery, after=10.0)
        new = tables.instance(["a.happened", "b.happened"])
        assert ids(tables.claim(new)) == [earlier]
        tables.now += 10.0
        assert tables.claim(new) == [], "the earlier one is out"
        tables.now += 30.0
        assert ids(tables.claim(new)) == [earlier, later]


class TestPruning:
    def test_what_is_old_and_handled_by_all_groups_is_removed(self, tables: Tables) -> None:
        instance = tables.instance()
        tables.publish()
        tables.done(instance, *tables.claim(instance))
        tables.now += 2 * DAY
        young = tables.publish()
        tables.run(prune, DAY)
        assert tables.count("events") == 1
        assert ids(tables.claim(instance)) == [young]

    def test_what_a_group_has_not_looked_at_stays(self, tables: Tables) -> None:
        done, behind = tables.instance(group="one"), tables.instance(group="two")
        event = tables.publish()
        tables.done(done, *tables.claim(done))
        tables.now += 2 * DAY
        tables.run(prune, DAY)
        assert ids(tables.claim(behind)) == [event]

    def test_what_is_on_its_way_stays_and_with_it_what_is_newer(self, tables: Tables) -> None:
        instance = tables.instance()
        tables.publish(), tables.publish()
        first, second = tables.claim(instance)
        tables.done(instance, second)
        tables.now += 2 * DAY
        tables.run(prune, DAY)
        assert tables.count("events") == 2
        tables.done(instance, first)
        tables.run(prune, DAY)
        assert tables.count("events") == 0

    def test_without_groups_the_age_decides(self, tables: Tables) -> None:
        tables.publish()
        tables.now += 2 * DAY
        tables.publish()
        tables.run(prune, DAY)
        assert tables.count("events") == 1

    def test_a_group_that_handles_nothing_keeps_nothing(self, tables: Tables) -> None:
        tables.instance([])
        tables.publish()
        tables.now += 2 * DAY
        tables.run(prune, DAY)
        assert tables.count("events") == 0

    def test_it_goes_in_small_steps(self, tables: Tables) -> None:
        for _ in range(PRUNE_STEP + 1):
            tables.publish()
        tables.now += 2 * DAY
        assert tables.run(prune, DAY)
        assert tables.count("events") == 1
        assert not tables.run(prune, DAY)
        assert not tables.run(prune, DAY)
