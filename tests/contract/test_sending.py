"""What an event must not hold is not sent: what is sent is what the event's schema says."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    BaseModel,
    Field,
    Json,
    NaiveDatetime,
    PlainSerializer,
    SerializeAsAny,
    field_serializer,
    field_validator,
)

from eventkit import Event, PublishError
from eventkit.contract.strict_json import DEFAULT_LIMITS


class Inner(BaseModel):
    weight: float = 0.5
    at: datetime | None = None
    total: Decimal = 0
    note: str | None = None


@dataclass
class Noted:
    inner: list[Inner] = field(default_factory=list)


class Outer(Event, type="order.outer"):
    inner: Inner | None = None
    noted: Noted | None = None
    anything: Any = None
    numbers: list[int] = Field(default_factory=list)
    text: str = ""


def refused(event: Event) -> str:
    with pytest.raises(PublishError) as caught:
        event.to_json()
    assert caught.value.where == event.__module__
    return str(caught.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite(number):
    finite = {"total": Decimal(1)}
    for event in (
        Outer(anything=number),
        Outer(anything={"deep": [number]}),
        Outer(inner=Inner(weight=number, **finite)),
        Outer(noted=Noted([Inner(**finite), Inner(weight=number, **finite)])),
    ):
        assert "cannot be sent" in refused(event)
        assert "is not JSON" in refused(event)


def test_text_that_looks_like_such_a_number_is_sent():
    event = Outer(text="NaN and Infinity and null", inner=Inner(total=Decimal(1), note="NaN"))
    assert json.loads(event.to_json())["text"] == "NaN and Infinity and null"


def test_times_without_zone():
    event = Outer(inner=Inner(at=datetime(2026, 1, 1), total=Decimal(1)))  # noqa: DTZ001
    assert "inner.at is 2026-01-01T00:00:00, without a time zone" in refused(event)
    assert Outer(inner=Inner(at=datetime(2026, 1, 1, tzinfo=UTC), total=Decimal(1)), text="T10:00:00").to_json()

    class Keyed(Event, type="order.keyed"):
        by_time: dict[datetime, int]

    assert "a key of by_time is 2026" in refused(Keyed(by_time={datetime(2026, 1, 1): 1}))  # noqa: DTZ001


def test_times_without_zone_are_sent_where_the_field_says_so():
    class Local(Event, type="shop.opened"):
        at: NaiveDatetime

    assert Local(at=datetime(2026, 1, 1)).to_json() == b'{"at":"2026-01-01T00:00:00"}'  # noqa: DTZ001


def test_times_beside_which_there_are_others():
    class Shipped(Event, type="order.shipped"):
        at: datetime
        seen: datetime | None = None
        stops: list[datetime] = Field(default_factory=list)

    zoned, bare = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)  # noqa: DTZ001
    assert Shipped(at=zoned, seen=zoned, stops=[zoned]).to_json()
    assert "at is 2026" in refused(Shipped(at=bare))
    assert "seen is 2026" in refused(Shipped(at=zoned, seen=bare))
    assert "stops is 2026" in refused(Shipped(at=zoned, stops=[zoned, bare]))

    class Placed(Event, type="order.placed"):
        at: datetime
        seen: datetime | None = None

        @cached_property
        def year(self) -> int:
            return self.at.year

    assert Placed(at=zoned).to_json()
    assert Placed(at=zoned, seen=zoned).to_json()
    assert "at is 2026" in refused(Placed(at=bare))
    assert "seen is 2026" in refused(Placed(at=zoned, seen=bare))
    incomplete = Placed.model_construct(seen=zoned)
    incomplete.__dict__["year"] = 2026
    assert incomplete.to_json() == b'{"seen":"2026-01-01T00:00:00Z"}'


def test_values_of_another_type_than_their_field():
    for event in (
        Outer.model_construct(text=5),
        Outer().model_copy(update={"text": 5}),
        Outer(inner=Inner()),  # the default of `total` is no Decimal
    ):
        assert "Expected `" in refused(event)
        assert "\n" not in refused(event)
    changed = Outer()
    changed.numbers.append("three")
    assert "Expected `int`" in refused(changed)


def test_a_validator_or_a_serializer_that_returns_something_else():
    class Validated(Event, type="order.validated"):
        count: int

        @field_validator("count")
        @classmethod
        def as_text(cls, value: int) -> str:
            return str(value)

    class Serialized(Event, type="order.serialized"):
        count: int

        @field_serializer("count")
        def as_text(self, value: int) -> str:
            return value

    assert "Expected `int`" in refused(Validated(count=1))
    assert "Expected `str`" in refused(Serialized(count=1))


def test_fields_that_are_missing():
    class Required(Event, type="order.required"):
        order_id: str
        note: str = Field(default="", exclude=True)

        @cached_property
        def length(self) -> int:
            return len(self.note)

    assert "it has no order_id" in refused(Required.model_construct())
    assert Required(order_id="o1").length == 0


@pytest.mark.parametrize("value", [object(), range(3), "\ud800", b"\xff"])
def test_objects_that_json_does_not_have(value):
    assert "cannot be sent" in refused(Outer(anything=value))


def test_more_than_a_reader_takes():
    most = DEFAULT_LIMITS.max_bytes - len(Outer().to_json())
    assert len(Outer(text="x" * most).to_json()) == DEFAULT_LIMITS.max_bytes
    assert "1,048,577 bytes, more than the limit of 1,048,576" in refused(Outer(text="x" * (most + 1)))

    nested: list[Any] = []
    for _ in range(98):
        nested = [nested]
    assert Outer(anything=nested).to_json()
    assert "nested deeper than 100 levels" in refused(Outer(anything=[nested]))
    circle: list[Any] = []
    circle.append(circle)
    assert "cannot be sent" in refused(Outer(anything=circle))


def nested(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels - 1):
        found = [found]
    return found


class Bag(BaseModel, extra="allow"):
    name: str = ""


class Branch(BaseModel):
    branches: list["Branch"] = Field(default_factory=list)


class Currency(Enum):
    EUR = "EUR"


class Depth(Enum):
    DEEP = nested(100)
    FLAT = "flat"


class Base(BaseModel):
    name: str = ""


class More(Base):
    anything: Any = None


class Polymorphic(BaseModel, polymorphic_serialization=True):
    name: str = ""


class PolymorphicMore(Polymorphic):
    anything: Any = None


def tree(levels: int) -> Branch:
    return Branch(branches=[tree(levels - 1)] if levels > 1 else [])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Any, nested(100)),
        (dict[str, Any], {"a": nested(99)}),
        (Bag, Bag(anything=nested(99))),
        (Branch, tree(51)),
        (Depth, Depth.DEEP),
        (SerializeAsAny[Base], More(anything=nested(99))),
        (Polymorphic, PolymorphicMore(anything=nested(99))),
        (Literal["a"], nested(100)),
        (list[Json[Any]], [nested(99)]),
        (Annotated[int, PlainSerializer(lambda _: nested(100), return_type=list[Any])], 1),
    ],
)
def test_deeper_than_a_reader_takes_by_what_the_model_lets_in(kind: Any, value: object) -> None:
    class Deep(Event, type="order.deep"):
        value: kind

    assert "nested deeper than 100 levels" in refused(Deep.model_construct(value=value))


def test_a_model_that_is_deeper_than_a_reader_takes() -> None:
    kind: Any = int
    for _ in range(100):
        kind = list[kind]

    class Deep(Event, type="order.deep"):
        value: kind

    assert "nested deeper than 100 levels" in refused(Deep(value=nested(100)))
    assert Deep(value=nested(99)).to_json()


@pytest.mark.parametrize(
    "kind",
    [
        *(bool, Currency, date, datetime, Decimal, float, int, None, str, time, timedelta, UUID),
        *(dict[str, int], frozenset[int], list[int], set[int], tuple[int, ...], tuple[int, str]),
        *(Base, Base | None, int | str, Base | list[int], Annotated[Base | Bag, Field(union_mode="left_to_right")]),
    ],
)
def test_what_is_too_deep_is_not_sent_from_a_field_of_a_bounded_depth(kind: Any) -> None:
    class Bounded(Event, type="order.bounded"):
        value: kind

    deep = nested(101)
    for value in (deep, {"a": deep}, (deep,), Inner.model_construct(note=deep)):
        with suppress(PublishError):  # but what looks like a model is written, as far as it is one
            assert Bounded.model_construct(value=value).to_json() in (b'{"value":{}}', b'{"value":{"name":""}}')


def test_of_a_subclass_only_the_fields_of_the_class_are_sent() -> None:
    class Based(Event, type="order.based"):
        base: Base

    assert Based(base=More(anything=nested(101))).to_json() == b'{"base":{"name":""}}'
