"""An event: immutable, named, and honest about what is sent and what is read."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from eventkit import DefinitionError, Event, EventType, PublishError


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


@pytest.mark.parametrize("name", ["order.x" * 100, "order.created\n", "ordér.created", "1.2"])
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


@pytest.mark.parametrize("value", [float("nan"), {"deep": [float("inf")]}])
def test_a_number_that_is_not_finite_is_not_sent_even_where_any_value_goes(value):
    class Loose(Event, type="sensor.loose"):
        anything: Any

    with pytest.raises(PublishError, match="Loose cannot be written as JSON"):
        Loose(anything=value).to_json()


def test_text_that_looks_like_a_constant_is_sent():
    class Loose(Event, type="sensor.text"):
        anything: Any

    assert Loose(anything="NaN and Infinity").to_json() == b'{"anything":"NaN and Infinity"}'


def test_a_value_that_json_does_not_have_is_not_sent():
    class Loose(Event, type="sensor.object"):
        anything: Any

    with pytest.raises(PublishError, match="JSON values only"):
        Loose(anything=object()).to_json()


def test_a_reader_ignores_fields_that_it_does_not_know():
    class Reader(Event, type="order.created"):
        order_id: str

    assert Reader.model_validate_json('{"order_id": "o1", "total": "1"}') == Reader(order_id="o1")


def test_a_sent_schema_requires_all_that_is_always_sent_in_nested_models_and_dataclasses_too():
    schema = OrderCreated.sent_schema()
    assert schema["required"] == ["order_id", "total", "items", "note", "weight", "item_count"]
    assert schema["$defs"]["Item"]["required"] == ["sku", "quantity"]
    assert schema["$defs"]["Note"]["required"] == ["text"]


def test_a_sent_schema_does_not_require_what_is_left_out():
    class Partial(Event, type="order.partial"):
        kept: int = 0
        dropped: int = Field(default=0, exclude=True)
        sometimes: int = Field(default=0, exclude_if=lambda value: value == 0)

    assert Partial.sent_schema()["required"] == ["kept"]
    jsonschema.validate({"kept": 0}, Partial.sent_schema())


def test_sent_and_read_schemas_differ_where_the_wire_does():
    assert OrderCreated.sent_schema()["properties"]["total"]["type"] == "string"
    assert OrderCreated.read_schema()["properties"]["total"]["anyOf"][0] == {"type": "number"}
    assert OrderCreated.read_schema()["required"] == ["order_id", "total"]


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


def test_a_stricter_model_can_be_declared():
    class Strict(Event, type="order.strict"):
        model_config = ConfigDict(extra="forbid")
        order_id: str

    with pytest.raises(ValidationError, match="Extra inputs"):
        Strict.model_validate_json('{"order_id": "o1", "more": 1}')
    assert Strict.model_config["frozen"]
