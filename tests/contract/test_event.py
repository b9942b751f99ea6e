"""An event: immutable, named, and honest about what is sent and what is read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from eventkit import DefinitionError, Event, EventType

T = TypeVar("T")


class Item(BaseModel):
    sku: str
    quantity: int = 1


@dataclass
class Note:
    text: str = ""


class OrderCreated(Event, type="order.created", version=2, key="order_id"):
    order_id: str
    total: Decimal
    items: tuple[Item, ...] = ()
    note: Note = Field(default_factory=Note)
    weight: float | None = None

    @computed_field
    def item_count(self) -> int:
        return len(self.items)


def test_it_knows_its_type_version_and_domain():
    assert OrderCreated.event_type() == EventType("order.created", 2)
    assert OrderCreated.event_type().domain == "order"
    assert str(OrderCreated.event_type()) == "order.created v2"


def test_it_cannot_be_changed():
    event = OrderCreated(order_id="o1", total=Decimal(1))
    with pytest.raises(ValidationError, match="frozen"):
        event.order_id = "o2"


@pytest.mark.parametrize(
    "name", ["created", "Order.created", "order.", ".created", "order..created", "order created", ""]
)
def test_a_wrong_type_name_is_refused_when_the_class_is_made(name):
    with pytest.raises(DefinitionError, match=r"no event type.*as in 'order.created'"):
        type("Wrong", (Event,), {"__module__": __name__}, type=name)


@pytest.mark.parametrize("name", [5, "order.x" * 100, "order.created\n", "ordér.created", "1.2"])
def test_other_names_that_no_broker_takes_are_refused(name):
    with pytest.raises(DefinitionError):
        type("Wrong", (Event,), {"__module__": __name__}, type=name)


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0])
def test_a_wrong_version_is_refused(version):
    with pytest.raises(DefinitionError, match="no event version"):
        type("Wrong", (Event,), {"__module__": __name__}, type="order.created", version=version)


def test_a_key_that_is_not_a_field_is_refused_and_the_fields_are_named():
    with pytest.raises(DefinitionError, match=r"key 'id' is not a field of .*Wrong.*order_id"):

        class Wrong(Event, type="order.created", key="id"):
            order_id: str


def test_a_base_class_needs_no_type_name_but_is_no_event():
    class OrderEvent(Event, key="order_id"):
        order_id: str

    class Canceled(OrderEvent, type="order.canceled"): ...

    assert Canceled(order_id="o1").partition_key() == "o1"
    with pytest.raises(DefinitionError, match="OrderEvent has no type name"):
        OrderEvent.event_type()


def test_a_subclass_does_not_take_over_the_type_name():
    class Special(OrderCreated):
        extra: int = 0

    with pytest.raises(DefinitionError, match="has no type name"):
        Special.event_type()


def test_a_computed_field_can_be_the_key():
    class Keyed(Event, type="order.keyed", key="both"):
        left: str
        right: str

        @computed_field
        def both(self) -> str:
            return self.left + self.right

    assert Keyed(left="a", right="b").partition_key() == "ab"


def test_an_event_without_key_or_with_none_in_it_has_no_partition_key():
    class Keyless(Event, type="order.keyless"): ...

    class Optional(Event, type="order.optional", key="user_id"):
        user_id: int | None = None

    assert Keyless().partition_key() is None
    assert Optional().partition_key() is None
    assert Optional(user_id=7).partition_key() == "7"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_not_read(number):
    class Measured(Event, type="sensor.measured"):
        value: float

    with pytest.raises(ValidationError):
        Measured.model_validate_json(f'{{"value": {number}}}')


def test_a_reader_ignores_fields_that_it_does_not_know():
    class Reader(Event, type="order.created"):
        order_id: str

    assert Reader.model_validate_json('{"order_id": "o1", "total": "1"}') == Reader(order_id="o1")


def test_it_is_sent_by_alias_as_its_schema_says_and_built_by_name():
    class Aliased(Event, type="order.aliased"):
        order_id: str = Field(serialization_alias="orderId")

    assert Aliased(order_id="o1").to_json() == b'{"orderId":"o1"}'
    assert Aliased.sent_schema()["required"] == ["orderId"]


@given(
    order_id=st.text(),
    total=st.decimals(allow_nan=False, allow_infinity=False),
    items=st.lists(st.builds(Item, sku=st.text(), quantity=st.integers())).map(tuple),
    weight=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_sent_fits_the_sent_schema_and_is_read_back_the_same(order_id, total, items, weight):
    event = OrderCreated(order_id=order_id, total=total, items=items, weight=weight)
    sent = event.to_json()
    jsonschema.validate(json.loads(sent), OrderCreated.sent_schema())
    assert OrderCreated.model_validate_json(sent) == event


def test_it_is_read_by_alias_only_as_its_schema_says():
    class Aliased(Event, type="order.aliased"):
        note: str = Field(default="", alias="orderNote")

    assert list(Aliased.read_schema()["properties"]) == ["orderNote"]
    assert Aliased.from_json('{"orderNote": "a", "note": 1}') == Aliased(note="a")
    assert Aliased(note="a") == Aliased(orderNote="a")


def test_a_stricter_model_can_be_declared():
    class Strict(Event, type="order.strict"):
        model_config = ConfigDict(extra="forbid")
        order_id: str

    with pytest.raises(ValidationError, match="Extra inputs"):
        Strict.from_json('{"order_id": "o1", "more": 1}')
    assert Strict.model_config["frozen"]


@pytest.mark.parametrize(
    "setting",
    [{"frozen": False}, {"allow_inf_nan": True}, {"ser_json_inf_nan": "null"}],
)
def test_a_setting_that_breaks_a_promise_is_refused(setting):
    (name,) = setting
    with pytest.raises(
        DefinitionError, match=rf"Loose sets {name}=.*leave it.* \(tests.contract.test_event\)|sets {name}="
    ):

        class Loose(Event, type="order.loose"):
            model_config = ConfigDict(**setting)

    with pytest.raises(DefinitionError, match=f"sets {name}="):

        class LooseToo(Event, type="order.loose", **setting): ...


@pytest.mark.filterwarnings("ignore:Field name")
@pytest.mark.parametrize("name", ["to_json", "from_json", "event_type", "partition_key", "sent_schema"])
def test_a_field_with_the_name_of_a_method_is_refused(name):
    with pytest.raises(DefinitionError, match=rf"field '{name}' of Wrong has .*{name}_: ... = Field\(alias='{name}'\)"):
        type("Wrong", (Event,), {"__module__": __name__, "__annotations__": {name: str}}, type="order.wrong")


def test_two_fields_that_are_sent_under_one_name_are_refused():
    with pytest.raises(DefinitionError, match=r"fields 'a' and 'b' of .*Wrong are both sent as 'id'"):

        class Wrong(Event, type="order.wrong"):
            a: int = Field(alias="id")

            @computed_field(alias="id")
            def b(self) -> int:
                return 1


def test_fields_may_be_called_like_what_the_class_statement_takes():
    class Named(Event, type="order.named", key="key"):
        type: str
        version: int
        key: str
        id: str

    event = Named(type="a", version=1, key="k", id="i")
    assert json.loads(event.to_json()) == {"type": "a", "version": 1, "key": "k", "id": "i"}
    assert (event.event_type().name, event.partition_key()) == ("order.named", "k")


def test_a_generic_event_has_the_type_name_of_its_class():
    class Changed(Event, Generic[T], type="order.changed", version=2, key="id"):
        id: str
        old: T

    assert Changed[int].event_type() == EventType("order.changed", 2)
    assert Changed[int](id="a", old=1).partition_key() == "a"
    assert Changed[int].read_schema()["properties"]["old"]["type"] == "integer"

    class Special(Changed[int]): ...

    with pytest.raises(DefinitionError, match="has no type name"):
        Special.event_type()


class Currency(Enum):
    USD = "usd"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a", "a"),
        (Currency.USD, "usd"),
        (7, "7"),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        ((1, "a"), '[1,"a"]'),
    ],
)
def test_a_key_is_the_text_that_stands_in_the_json(value, key):
    class Keyed(Event, type="order.keyed", key="value"):
        value: Any

    assert Keyed(value=value).partition_key() == key


def test_a_type_that_json_cannot_describe_is_named():
    class Called(Event, type="order.called"):
        call: Callable[[], int]

    for schema in (Called.sent_schema, Called.read_schema):
        with pytest.raises(DefinitionError, match=r"Called has no JSON Schema: .*PlainSerializer"):
            schema()
