"""What becomes of deliveries that were claimed."""

from __future__ import annotations

from eventkit.bus.sqlite.settlement import extend
from eventkit.delivery.subscription import Reason
from tests.bus.sqlite.tables import FAILURE, Tables, ids


def test_what_is_done_does_not_come_back(tables: Tables) -> None:
    instance = tables.instance(lease=30.0)
    tables.publish()
    tables.done(instance, *tables.claim(instance))
    tables.now += 31.0
    assert tables.claim(instance) == []
    assert tables.count("deliveries") == 0


def test_a_failed_one_comes_back_after_its_pause_with_its_failures(tables: Tables) -> None:
    instance = tables.instance()
    event = tables.publish()
    (delivery,) = tables.claim(instance)
    tables.again(instance, delivery, after=5.0)
    assert tables.claim(instance) == []
    tables.now += 5.0
    (delivery,) = tables.claim(instance)
    assert ids([delivery]) == [event]
    assert (delivery.attempt, delivery.failures) == (2, (FAILURE,))


def test_a_released_one_comes_back_at_once_as_if_it_had_not_been_out(tables: Tables) -> None:
    instance = tables.instance()
    tables.publish()
    tables.released(instance, *tables.claim(instance))
    (delivery,) = tables.claim(instance)
    assert (delivery.attempt, delivery.failures) == (1, ())


def test_a_dead_one_becomes_a_dead_letter_and_lets_go_its_key(tables: Tables) -> None:
    instance = tables.instance()
    tables.publish("k")
    (delivery,) = tables.claim(instance)
    after = tables.publish("k")
    tables.dead(instance, delivery, Reason.INVALID)
    assert ids(tables.claim(instance)) == [after]
    assert tables.count("dead_letters") == 1


def test_a_late_outcome_changes_nothing_for_the_instance_that_took_over(tables: Tables) -> None:
    late, owner = tables.instance(lease=30.0), tables.instance()
    tables.publish("k")
    (old,) = tables.claim(late)
    tables.now += 31.0
    (new,) = tables.claim(owner)
    tables.done(late, old)
    tables.released(late, old)
    tables.again(late, old)
    tables.dead(late, old)
    tables.run(extend, late.group, [old], 1000.0)
    assert (tables.count("deliveries"), tables.count("dead_letters")) == (1, 0)
    assert tables.claim(late) == []
    tables.done(owner, new)
    assert tables.count("deliveries") == 0


def test_an_outcome_counts_after_its_lease_as_long_as_nobody_took_over(tables: Tables) -> None:
    instance = tables.instance(lease=30.0)
    tables.publish()
    deliveries = tables.claim(instance)
    tables.now += 31.0
    tables.done(instance, *deliveries)
    assert tables.claim(instance) == []


def test_one_batch_may_hold_the_end_of_a_run_and_its_failure(tables: Tables) -> None:
    instance = tables.instance()
    events = [tables.publish("k") for _ in range(3)]
    first, second, third = tables.claim(instance)
    tables.done(instance, first)
    tables.again(instance, second, after=1.0)
    tables.released(instance, third)
    assert tables.claim(instance) == []
    tables.now += 1.0
    assert ids(tables.claim(instance)) == events[1:]
