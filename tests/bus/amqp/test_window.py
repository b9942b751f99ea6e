import random

import pytest

from eventkit.bus.amqp.window import Place, Window
from eventkit.contract.envelope import Envelope


def place(tag: int) -> Place:
    return Place(0, tag, Envelope(id=str(tag), source="test", type="order.created", data=b"{}"))


def window(count: int) -> tuple[Window, list[Place]]:
    made, places = Window(), [place(tag) for tag in range(1, count + 1)]
    for each in places:
        made.add(each)
    return made, places


def test_a_run_of_finished_messages_is_acknowledged_at_once() -> None:
    made, places = window(5)

    assert made.finish(places[:3]) == 3
    assert made.finish(places[3:]) == 5
    assert made.is_empty


def test_what_stands_behind_an_unfinished_message_waits_for_it() -> None:
    made, places = window(4)

    assert made.finish(places[1:3]) is None
    assert made.behind == 2
    assert [each.tag for each in made.unfinished()] == [1, 4]
    assert made.finish(places[:1]) == 3
    assert made.behind == 0


def test_what_stands_behind_an_unfinished_message_can_be_acknowledged_alone_and_only_once() -> None:
    made, places = window(3)
    made.finish(places[1:])

    assert made.take_behind() == [2, 3]
    assert made.take_behind() == []
    assert made.finish(places[:1]) == 1
    assert made.is_empty


@pytest.mark.parametrize("seed", range(50))
def test_each_message_is_acknowledged_once_and_none_before_it_is_finished(seed: int) -> None:
    chance = random.Random(seed)
    made, places = window(60)
    outstanding, finished = {each.tag for each in places}, set[int]()
    rest = chance.sample(places, len(places))
    while rest:
        some = [rest.pop() for _ in range(min(len(rest), chance.randint(1, 7)))]
        finished |= {each.tag for each in some}
        up_to = made.finish(some) or 0
        alone = made.take_behind() if chance.random() < 0.3 else []
        covered = {each for each in outstanding if each <= up_to}
        assert up_to in {*covered, 0}
        assert covered | {*alone} <= finished
        assert {*alone} <= outstanding - covered
        outstanding -= covered | {*alone}
        assert made.behind == len(outstanding & finished)
    assert outstanding == set()
