"""The first fields of a reader model: what every reader can take as it is sent."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from pydantic import AwareDatetime, BaseModel, Field, create_model

from eventkit import Event
from eventkit.scaffold.reader_fields import ReaderField, reader_fields
from eventkit.schema import compare


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    name: str


class Sent(Event, type="order.created"):
    order_id: str = Field(description="The order,\n    as its number.")
    count: int
    weight: float
    paid: bool
    color: Color
    total: Decimal
    at: AwareDatetime
    note: str | None = None
    items: list[Item]
    first: Item
    choice: int | str


def test_plain_fields_are_taken_and_the_others_named() -> None:
    fields, others = reader_fields(Sent.sent_schema())
    assert [(field.name, field.annotation) for field in fields] == [
        ("order_id", "str"),
        ("count", "int"),
        ("weight", "float"),
        ("paid", "bool"),
        ("color", "str"),
        ("total", "Decimal"),
        ("at", "AwareDatetime"),
        ("note", "str | None"),
    ]
    assert others == ("items", "first", "choice")
    assert fields[0].description == "The order, as its number."


def test_a_reader_model_of_these_fields_reads_whatever_is_sent() -> None:
    fields, _ = reader_fields(Sent.sent_schema())
    types = {
        "Decimal": Decimal,
        "str": str,
        "int": int,
        "float": float,
        "bool": bool,
        "AwareDatetime": datetime,
        "str | None": str | None,
    }
    reader = create_model("Reader", **{field.name: (types[field.annotation], ...) for field in fields})
    assert compare(Sent.sent_schema(), reader.model_json_schema(), closed_publisher=True).verdict == "compatible"
    reader.model_validate({field.name: field.example for field in fields})


@pytest.mark.parametrize("name", ["copy", "model_dump", "class", "is-open", "_private", "größe", "str", "x\nimport os"])
def test_a_field_that_cannot_be_an_attribute_is_left_out(name: str) -> None:
    schema = {"properties": {name: {"type": "string"}}, "required": [name]}
    assert reader_fields(schema) == ((), (name,))


def test_a_field_that_is_not_always_sent_is_left_out() -> None:
    assert reader_fields({"properties": {"note": {"type": "string"}}}) == ((), ("note",))


@pytest.mark.parametrize(
    "schema", [True, {}, {"type": "object"}, {"$ref": "#/$defs/Sent", "$defs": {"Sent": {"$ref": "#/$defs/Sent"}}}]
)
def test_a_schema_that_says_nothing_of_fields_gives_none(schema: dict[str, object] | bool) -> None:
    assert reader_fields(schema) == ((), ())


@pytest.mark.parametrize(
    "each", [True, {}, {"$ref": "#/$defs/X"}, {"$ref": "https://example.com/x"}, {"type": ["string", "null"]}]
)
def test_a_field_whose_type_is_not_plain_is_left_out(each: object) -> None:
    assert reader_fields({"properties": {"x": each}, "required": ["x"]}) == ((), ("x",))


def test_the_example_of_an_enum_is_one_of_its_values() -> None:
    [field], _ = reader_fields({"properties": {"x": {"type": "string", "enum": ["a", "b"]}}, "required": ["x"]})
    assert field == ReaderField("x", "str", "", "a")
