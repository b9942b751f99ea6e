"""The places of fields by their paths in the event: as the event's JSON names them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field, RootModel, computed_field
from typing_extensions import TypedDict

from eventkit import Event
from eventkit.discovery.python.model_places import Mode, model_places
from eventkit.discovery.python.source_files import SourceFiles

T = TypeVar("T")


class Priced(BaseModel):
    price: int


class Item(Priced):
    sku: str


class Node(BaseModel):
    label: str
    children: list[Node]


class Box(BaseModel, Generic[T]):
    content: T


class Tags(RootModel[list[Priced]]):
    pass


@dataclass
class Address:
    city: str


class Meta(TypedDict):
    address: Address


class Changed(Event, type="order.changed"):
    items: list[Item]
    by_sku: dict[str, Item] | None
    pair: tuple[int, Priced]
    noted: Annotated[Priced, "a note"]
    either: Item | Node
    box: Box[Priced]
    tags: Tags
    meta: Meta


class Named(Event, type="order.named"):
    plain: int = Field(alias="a/b")
    read: int = Field(validation_alias=AliasChoices(AliasPath("deep", 0), "readAs", "other"))
    sent: int = Field(serialization_alias="sentAs")
    hidden: int = Field(exclude=True)

    @computed_field(alias="twice")
    @property
    def doubled(self) -> int:
        return 2


def paths(model: type[Event], mode: Mode = "validation") -> dict[str, str]:
    """Return the source text at each path."""
    lines = inspect.getsource(inspect.getmodule(model)).splitlines()
    places = model_places(model, mode, SourceFiles())
    return {path: lines[place.line - 1][place.column - 1 :][: place.width] for path, place in places.items()}


def test_fields_of_nested_models_have_the_path_that_leads_to_them() -> None:
    assert paths(Changed) == {
        "": "class Changed",
        "/items": "items: list[Item]",
        "/items/*/price": "price: int",
        "/items/*/sku": "sku: str",
        "/by_sku": "by_sku: dict[str, Item] | None",
        "/by_sku/*/price": "price: int",
        "/by_sku/*/sku": "sku: str",
        "/pair": "pair: tuple[int, Priced]",
        "/pair/1/price": "price: int",
        "/noted": 'noted: Annotated[Priced, "a note"]',
        "/noted/price": "price: int",
        "/either": "either: Item | Node",
        "/either/price": "price: int",
        "/either/sku": "sku: str",
        "/either/label": "label: str",
        "/either/children": "children: list[Node]",
        "/box": "box: Box[Priced]",
        "/box/content": "content: T",
        "/box/content/price": "price: int",
        "/tags": "tags: Tags",
        "/tags/*/price": "price: int",
        "/meta": "meta: Meta",
        "/meta/address": "address: Address",
        "/meta/address/city": "city: str",
    }


@pytest.mark.parametrize(
    ("mode", "schema"), [("validation", Named.read_schema()), ("serialization", Named.sent_schema())]
)
def test_a_field_has_the_name_that_it_has_in_the_schema(mode, schema) -> None:
    names = {path[1:].replace("~1", "/") for path in paths(Named, mode) if path}

    assert names == set(schema["properties"])


def test_a_field_that_two_branches_of_a_union_declare_has_no_place() -> None:
    class Card(BaseModel):
        number: str
        kind: str

    class Iban(BaseModel):
        number: str
        bank: str

    class Paid(Event, type="order.paid"):
        method: Card | Iban

    assert set(model_places(Paid, "validation", SourceFiles())) == {"", "/method", "/method/kind", "/method/bank"}


def test_a_name_is_written_as_a_step_of_a_json_pointer() -> None:
    assert paths(Named)["/a~1b"] == "plain: int"


def test_a_computed_field_is_sent_and_not_read() -> None:
    assert paths(Named, "serialization")["/twice"] == "def doubled"
    assert "/twice" not in paths(Named)


def test_models_that_nest_without_bounds_have_bounded_places() -> None:
    fields = {f"f{index}": int for index in range(12)}
    model: type[BaseModel] = type("M0", (BaseModel,), {"__annotations__": fields, "__module__": __name__})
    for level in range(1, 8):
        inner = dict.fromkeys(fields, model)
        model = type(f"M{level}", (BaseModel,), {"__annotations__": inner, "__module__": __name__})

    assert model_places(model, "validation", SourceFiles()) == {}
