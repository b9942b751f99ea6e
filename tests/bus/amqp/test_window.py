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

    assert list(made.finish(places[:3])) == [(3, True)]
    assert list(made.finish(places[3:])) == [(5, True)]


def test_what_stands_behind_an_unfinished_message_is_acknowledged_alone() -> None:
    made, places = window(4)

    assert list(made.finish(places[1:3])) == [(2, False), (3, False)]
    assert [each.tag for each in made.unfinished()] == [1, 4]


def test_what_was_acknowledged_alone_is_not_acknowledged_again() -> None:
    made, places = window(3)
    list(made.finish(places[1:]))

    assert list(made.finish(places[:1])) == [(1, True)]
    assert list(made.unfinished()) == []


@pytest.mark.parametrize("seed", range(50))
def test_each_message_is_acknowledged_once_and_none_before_it_is_finished(seed: int) -> None:
    chance = random.Random(seed)
    made, places = window(60)
    outstanding, finished = {each.tag for each in places}, set[int]()
    rest = chance.sample(places, len(places))
    while rest:
        some = [rest.pop() for _ in range(min(len(rest), chance.randint(1, 7)))]
        finished |= {each.tag for each in some}
        for tag, multiple in made.finish(some):
            covered = {each for each in outstanding if each == tag or (multiple and each <= tag)}
            assert tag in covered
            assert covered <= finished
            outstanding -= covered
    assert outstanding == set()
