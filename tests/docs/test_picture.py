"""The picture of who publishes to whom."""

from itertools import pairwise

import pytest

from eventkit.docs.catalog import Link
from eventkit.docs.picture import MOST_SERVICES, Picture, picture_of


def drawn(*pairs: tuple[str, str]) -> Picture:
    picture = picture_of([Link(publisher, subscriber, ("a.b",)) for publisher, subscriber in pairs])
    assert picture is not None
    return picture


def test_each_service_is_one_box_and_each_link_one_arrow() -> None:
    picture = drawn(("shop", "bank"), ("bank", "shop"), ("bank", "mail"))

    assert [box.service for box in picture.boxes] == ["bank", "mail", "shop"]
    assert [(arrow.link.publisher, arrow.link.subscriber) for arrow in picture.arrows] == [
        ("shop", "bank"),
        ("bank", "shop"),
        ("bank", "mail"),
    ]


@pytest.mark.parametrize("count", [2, 3, 9, 20, MOST_SERVICES])
def test_boxes_lie_inside_and_apart(count: int) -> None:
    names = [f"service_{'x' * (n % 7)}{n}" for n in range(count)]
    picture = drawn(*pairwise(names))

    for box in picture.boxes:
        assert box.left >= 0
        assert box.left + box.width <= picture.width
        assert box.top >= 0
        assert box.top + box.height <= picture.height
    for index, one in enumerate(picture.boxes):
        for other in picture.boxes[index + 1 :]:
            beside = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert beside or abs(one.y - other.y) >= one.height


def test_the_arrow_back_takes_another_way() -> None:
    there, back = drawn(("shop", "bank"), ("bank", "shop")).arrows

    assert (there.x, there.y) != (back.x, back.y)


def test_a_service_that_handles_its_own_events_has_an_arrow_to_itself() -> None:
    (arrow,) = drawn(("shop", "shop")).arrows

    assert "C" in arrow.path


def test_services_that_talk_with_each_other_stand_together() -> None:
    picture = drawn(("a", "d"), ("d", "g"), ("b", "e"), ("e", "h"), ("c", "f"), ("f", "i"))
    places = {box.service: (box.x, box.y) for box in picture.boxes}

    def distance(one: str, other: str) -> float:
        return abs(places[one][0] - places[other][0]) + abs(places[one][1] - places[other][1])

    assert distance("a", "d") < distance("a", "b")
    assert distance("b", "e") < distance("b", "c")


def test_the_same_links_give_the_same_picture() -> None:
    assert drawn(("a", "b"), ("b", "c")) == drawn(("a", "b"), ("b", "c"))


def test_nothing_and_too_much_are_not_drawn() -> None:
    assert picture_of([]) is None
    assert picture_of([Link("hub", f"s{n}", ("a.b",)) for n in range(MOST_SERVICES)]) is None
