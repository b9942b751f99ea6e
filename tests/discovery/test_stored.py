"""A contract that was packed says the same, and looks for the rest of it only when that is asked for."""

from dataclasses import replace

import pytest

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.stored import Body, StoredMessage, pack, schema_text, unpack

PLACES = {"": Place("a.yaml", 3), "/id": Place("a.yaml", 5, 7, 12), "/id/~1": Place("other.yaml", 1)}
SENT = Message(
    EventType("order.created", 2),
    {"type": "object", "properties": {"größe": {"const": 1.0}, "id": {"enum": [1, True, None, "\n"]}}},
    "OrderCreated",
    "What\nhappened.",
    "publish_order_created",
    "id",
    closed=True,
    places=PLACES,
    function_place=Place("a.yaml", 9),
)
READ = Message(EventType("order.canceled"), True, "OrderCanceled")
CONTRACT = Contract("orders", "1.0.0", "Takes orders.", "a.yaml", (SENT,), (READ, replace(READ, model="Other")))


def never() -> Contract:
    raise AssertionError("the document is read")


def unpacked(contract: Contract = CONTRACT, **parts: object) -> Contract:
    packed = pack(contract)
    values = {
        "schemas": lambda: packed.schemas,
        "places": lambda: None,
        "whole": lambda: contract,
        "keep_places": lambda packed: None,
        **parts,
    }
    return unpack(packed.outline, contract.source, Body(**values))


def test_a_packed_contract_says_the_same() -> None:
    assert unpacked() == CONTRACT
    assert unpacked() == CONTRACT
    assert unpacked(Contract("empty")) == Contract("empty")


def test_what_every_check_needs_is_there_without_reading_anything() -> None:
    contract = unpacked(schemas=lambda: pytest.fail("schemas are loaded"), whole=never)

    assert [message.digest for message in contract.publishes] == [SENT.digest]
    assert [message.event for message in contract.handles] == [READ.event] * 2
    assert contract.publishes[0].closed


def test_schemas_are_loaded_without_the_document_and_read_from_it_where_they_are_missing() -> None:
    assert unpacked(whole=never).publishes[0].schema == SENT.schema
    assert unpacked(schemas=lambda: b"damaged").publishes[0].schema == SENT.schema


def test_places_are_read_from_the_document_once_and_then_kept() -> None:
    kept: list[bytes] = []
    assert unpacked(keep_places=kept.append).publishes[0].places == PLACES
    (packed,) = kept

    message = unpacked(places=lambda: packed, whole=never).publishes[0]

    assert (message.places, message.function_place) == (PLACES, SENT.function_place)


def test_a_stored_message_can_be_changed_and_is_then_like_any_other() -> None:
    changed = replace(unpacked().publishes[0], schema=True)

    assert type(changed) is Message
    assert changed == replace(SENT, schema=True)
    assert changed != unpacked().publishes[0]


def test_the_text_of_a_schema_is_that_of_its_digest() -> None:
    stored = unpacked().publishes[0]

    assert isinstance(stored, StoredMessage)
    assert schema_text(stored) == schema_text(SENT)
    assert stored.digest == SENT.digest != READ.digest


@pytest.mark.parametrize("outline", [b"", b"[]", b"{}", b'{"publishes": [[]], "handles": []}'])
def test_other_bytes_are_refused(outline: bytes) -> None:
    with pytest.raises(ValueError, match=r"outline|Expecting|unpack"):
        unpack(outline, "a.yaml", Body(lambda: None, lambda: None, never, lambda packed: None))
