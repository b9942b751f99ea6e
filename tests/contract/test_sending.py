"""What an event must not hold is not sent: what is sent is what the event's schema says."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest
from pydantic import BaseModel, Field, NaiveDatetime, field_serializer, field_validator

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
