"""Contracts that the tests of the documents share: a small one for people, and Hypothesis strategies."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel, Field

from eventkit.contract.event import Event, EventType
from eventkit.discovery.contract import Contract, Message


class Item(BaseModel):
    """What is ordered."""

    sku: str
    price: int = Field(description="In cents.")


class OrderCreatedEvent(Event, type="order.created", version=2, key="order_id"):
    """A customer placed an order.

    It is not paid yet.
    """

    order_id: str
    items: list[Item] = Field(min_length=1)
    note: str | None = None


class PaymentCompletedEvent(Event, type="payment.completed"):
    """A payment succeeded."""

    payment_id: str = Field(pattern="^pay_")


SHOP = Contract(
    service="shop",
    version="1.2.0",
    description="Sells things.",
    source="shop",
    publishes=(
        Message(
            event=OrderCreatedEvent.event_type(),
            schema=OrderCreatedEvent.sent_schema(),
            model="OrderCreatedEvent",
            description="A customer placed an order.\n\nIt is not paid yet.",
            function="publish_order_created",
            key="order_id",
            closed=True,
        ),
    ),
    handles=(
        Message(
            event=PaymentCompletedEvent.event_type(),
            schema=PaymentCompletedEvent.read_schema(),
            model="PaymentCompletedEvent",
            description="A payment succeeded.",
            function="handle_payment_completed",
        ),
    ),
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT


def _nested(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(schemas, min_size=1, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(TEXT, schemas, max_size=2)}),
        st.fixed_dictionaries({"items": schemas}),
        st.fixed_dictionaries({"anyOf": some}),
        st.fixed_dictionaries({"prefixItems": some}),
        st.fixed_dictionaries({"not": schemas, "description": TEXT}),
    )


def _schemas(*references: str) -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.booleans(),
        st.fixed_dictionaries({"const": SCALAR}),
        st.fixed_dictionaries({"enum": st.lists(SCALAR, min_size=1, max_size=3, unique_by=repr)}),
        st.fixed_dictionaries({"type": st.just("integer"), "minimum": st.integers()}),
        *(st.just({"$ref": reference}) for reference in references),
        *(st.just({"$ref": reference, "minLength": 1}) for reference in references),
    )
    return st.recursive(leaves, _nested, max_leaves=5)


@st.composite
def _events(draw: st.DrawFn, definitions: list[str], root: list[str]) -> dict[str, Any] | bool:
    """An event's schema, in which every definition is used."""
    if draw(st.booleans()):
        event: dict[str, Any] | bool = draw(_schemas())
        return event
    schemas = _schemas(*(f"#/$defs/{name}" for name in definitions), *root)
    properties = draw(st.dictionaries(TEXT, schemas, max_size=2))
    references = {f"uses {name}": {"$ref": f"#/$defs/{name}"} for name in definitions}
    return {"properties": {**properties, **references}, "$defs": {name: draw(schemas) for name in definitions}}


@st.composite
def contracts(draw: st.DrawFn, *, same_definitions: bool) -> Contract:
    """A contract. Its messages call their definitions by the same names, and may refer to themselves as a whole.

    With `same_definitions=False`, a definition keeps its name in a document, and there is nothing but definitions to
    refer to, so the document says exactly what the contract says.
    """
    messages = []
    for index in range(draw(st.integers(0, 3))):
        prefix = "" if same_definitions else f"Of{index}"
        messages.append(
            Message(
                event=EventType(draw(NAME), draw(st.integers(1, 3))),
                schema=draw(_events([f"{prefix}A", f"{prefix}B"], ["#"] if same_definitions else [])),
                model=draw(NAME),
                description=draw(TEXT),
                function=draw(st.just("") | NAME),
                key=draw(st.none() | st.just("key")),
                closed=draw(st.booleans()),
            )
        )
    messages.sort(key=lambda message: message.event)
    split = draw(st.integers(0, len(messages)))
    return Contract(
        service=draw(NAME),
        version=draw(TEXT),
        description=draw(TEXT),
        publishes=tuple(messages[:split]),
        handles=tuple(messages[split:]),
    )


def without_places(contract: Contract) -> Contract:
    """Return what a document says, without where it was said."""

    def bare(message: Message) -> Message:
        return replace(message, places={}, function_place=None)

    return replace(
        contract,
        source="",
        publishes=tuple(map(bare, contract.publishes)),
        handles=tuple(map(bare, contract.handles)),
    )
