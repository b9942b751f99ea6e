"""Every kind of field: a finding about it shows its line in both models, and quotes what can be written there."""

import pytest

from eventkit.verify.finding import Finding
from eventkit.verify.verify import verify
from tests.files import write_files
from tests.verify.cases import read_stage

HEAD = """\
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, RootModel, computed_field
from typing_extensions import TypedDict

from eventkit import Event, Service

service = Service("{service}")
T = TypeVar("T")

"""
PUBLISHER = """
@service.publisher
async def publish(number: int) -> Sent: ...
"""
HANDLER = """
@service.handler
async def handle(event: Read) -> None: ...
"""
COMPUTED = """
class Read(Event, type="x.sent"):
    full: int  # HERE
"""
# What both services declare, with TYPE for what the one sends as text and the other reads as an integer, and the edit.
CASES = {
    "a nested field": (
        """
class Money(BaseModel):
    amount: TYPE  # HERE

class Sent(Event, type="x.sent"):
    total: Money
""",
        "declare `amount: str` in reader",
    ),
    "a field of the items of a list": (
        """
class Item(BaseModel):
    price: TYPE  # HERE

class Sent(Event, type="x.sent"):
    items: list[Item]
""",
        "declare `price: str` in reader",
    ),
    "the items of a list": (
        """
class Sent(Event, type="x.sent"):
    names: list[TYPE]  # HERE
""",
        "declare `names: list[str]` in reader",
    ),
    "a place in a tuple": (
        """
class Money(BaseModel):
    amount: TYPE  # HERE

class Sent(Event, type="x.sent"):
    pair: tuple[str, Money]
""",
        "declare `amount: str` in reader",
    ),
    "the values of a dict": (
        """
class Sent(Event, type="x.sent"):
    names: dict[str, TYPE]  # HERE
""",
        "declare `names: dict[str, str]` in reader",
    ),
    "a field of the values of a dict": (
        """
class Money(BaseModel):
    amount: TYPE  # HERE

class Sent(Event, type="x.sent"):
    all: dict[str, Money]
""",
        "declare `amount: str` in reader",
    ),
    "a branch of a union": (
        """
class Card(BaseModel):
    kind: Literal["card"]
    number: TYPE  # HERE

class Cash(BaseModel):
    kind: Literal["cash"]

class Sent(Event, type="x.sent"):
    paid: Annotated[Card | Cash, Field(discriminator="kind")]
""",
        "declare `number: str` in reader",
    ),
    "a field that may be null": (
        """
class Money(BaseModel):
    amount: TYPE  # HERE

class Sent(Event, type="x.sent"):
    total: Money | None
""",
        "declare `amount: str` in reader",
    ),
    "a field with an alias": (
        """
class Sent(Event, type="x.sent"):
    order_id: TYPE = Field(serialization_alias="orderId")  # HERE
""",
        "declare `order_id: str` in reader",
    ),
    "an inherited field": (
        """
class Base(Event):
    order_id: TYPE  # HERE

class Sent(Base, type="x.sent"):
    other: int
""",
        "declare `order_id: str` in reader",
    ),
    "a computed field": (
        """
class Sent(Event, type="x.sent"):
    @computed_field
    @property
    def full(self) -> str:  # HERE
        return ""
""",
        "let reader read a string",
    ),
    "a field of a generic model": (
        """
class Box(BaseModel, Generic[T]):
    content: T  # HERE

class Sent(Event, type="x.sent"):
    box: Box[TYPE]
""",
        "let reader read a string",
    ),
    "a field of several lines": (
        """
class Sent(Event, type="x.sent"):
    amount: Annotated[  # HERE
        TYPE,
        Field(description="how much"),
    ]
""",
        "let reader read a string",
    ),
    "a field of a typed dict": (
        """
class Money(TypedDict):
    amount: TYPE  # HERE

class Sent(Event, type="x.sent"):
    total: Money
""",
        "declare `amount: str` in reader",
    ),
    "a field of a root model": (
        """
class Item(BaseModel):
    price: TYPE  # HERE

class Items(RootModel[list[Item]]): ...

class Sent(Event, type="x.sent"):
    items: Items
""",
        "declare `price: str` in reader",
    ),
}
DOCUMENT = """\
asyncapi: 3.0.0
info: {{title: {service}, version: 1.0.0}}
channels:
  sent:
    address: x.sent
    messages:
      Sent:
        payload:
          type: object
          required: [money, items, rates, who]
          properties:
            money: {{$ref: '#/components/schemas/Money'}}
            items:
              type: array
              items:
                type: object
                required: [price]
                properties:
                  price:  # /items/*/price
                    type: {type}
            rates:  # /rates/*
              type: object
              additionalProperties: {{type: {type}}}
            who:
              oneOf:
                - {{type: object, required: [kind], properties: {{kind: {{const: cash}}}}}}
                - type: object
                  required: [kind, number]
                  properties:
                    kind: {{const: card}}
                    number: {{type: {type}}}  # /who/number
components:
  schemas:
    Money:
      type: object
      required: [amount]
      properties:
        amount: {{type: {type}}}  # /money/amount
operations:
  act: {{action: {action}, channel: {{$ref: '#/channels/sent'}}}}
"""


def lines_with(text: str, mark: str) -> list[int]:
    return [number for number, line in enumerate(text.split("\n"), start=1) if line.endswith(f"# {mark}")]


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Return the findings in a folder with the given files, below `after/`."""
    monkeypatch.chdir(tmp_path)

    def find(files: dict[str, str]) -> tuple[Finding, ...]:
        write_files(tmp_path, files)
        return verify(read_stage(tmp_path, "after").landscape).findings

    return find


@pytest.mark.parametrize("kind", CASES)
def test_in_python_both_lines_are_shown(found, kind) -> None:
    text, edit = CASES[kind]
    sent = text.replace("TYPE", "str")
    read = text.replace("TYPE", "int").replace("Sent", "Read").replace("serialization_alias", "validation_alias")
    files = {
        "after/sender.py": HEAD.format(service="sender") + sent + PUBLISHER,
        "after/reader.py": HEAD.format(service="reader") + (read if "TYPE" in text else COMPUTED) + HANDLER,
    }
    (finding,) = found(files)

    assert [(spot.place.file, [spot.place.line]) for spot in finding.spots] == [
        (file, lines_with(files[file], "HERE")) for file in ("after/reader.py", "after/sender.py")
    ]
    assert finding.help == f"{edit}, or publish a version 2 of x.sent"


def test_in_documents_both_lines_are_shown(found) -> None:
    files = {
        "after/sender.asyncapi.yaml": DOCUMENT.format(service="sender", type="string", action="send"),
        "after/reader.asyncapi.yaml": DOCUMENT.format(service="reader", type="integer", action="receive"),
    }
    findings = found(files)

    assert {finding.path for finding in findings} == {"/money/amount", "/items/*/price", "/rates/*", "/who/number"}
    for finding in findings:
        assert [(spot.place.file, [spot.place.line]) for spot in finding.spots] == [
            (file, lines_with(files[file], finding.path))
            for file in ("after/reader.asyncapi.yaml", "after/sender.asyncapi.yaml")
        ]
