"""Whether one event is as its contracts say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventkit import Envelope
from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.discovery.landscape import Landscape
from eventkit.verify.declared import Contracts

TEXT = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
NUMBER = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


def message(schema: Any = TEXT, name: str = "order.created", version: int = 1, **more: Any) -> Message:
    return Message(EventType(name, version), schema, "Order", **more)


def objections(event: object, *contracts: Contract, source: str = "shop", version: int = 1) -> list[str]:
    envelope = Envelope(
        id="a",
        source=source,
        type="order.created",
        data=json.dumps(event).encode(),
        dataschema=f"urn:eventkit:order.created:v{version}",
    )
    return Contracts(Landscape(contracts)).objections(envelope)


class TestPublisher:
    def test_what_it_declares_is_all_right(self) -> None:
        assert objections({"id": "a"}, Contract("shop", publishes=(message(),))) == []

    def test_what_it_does_not_declare_is_named_with_its_field(self) -> None:
        assert objections({"id": 1}, Contract("shop", publishes=(message(),))) == [
            "/id: it has an integer, but the contract of shop accepts a string"
        ]
        assert objections({}, Contract("shop", publishes=(message(),))) == [
            '/id: the contract of shop requires the field "id", which is missing'
        ]

    def test_a_field_that_a_closed_contract_does_not_declare_is_named(self) -> None:
        shop = Contract("shop", publishes=(message(closed=True),))

        assert objections({"id": "a", "ID": 1}, shop) == [
            '/ID: it has the field "ID", which the contract of shop does not declare'
        ]
        assert objections({"id": "a", "ID": 1}, Contract("shop", publishes=(message(),))) == []

    def test_its_own_contract_counts_and_no_other_publisher_s(self) -> None:
        others = Contract("store", publishes=(message(NUMBER),))

        assert objections({"id": "a"}, Contract("shop", publishes=(message(),)), others) == []
        assert len(objections({"id": "a"}, Contract("shop", publishes=(message(),)), others, source="store")) == 1

    def test_of_a_source_that_is_no_service_one_contract_that_fits_will_do(self) -> None:
        contracts = Contract("shop", publishes=(message(),)), Contract("store", publishes=(message(NUMBER),))

        assert objections({"id": "a"}, *contracts, source="https://shop.example") == []
        assert len(objections({"id": None}, *contracts, source="https://shop.example")) == 2

    def test_a_version_that_nobody_publishes_is_told(self) -> None:
        assert objections({"id": "a"}, Contract("shop", publishes=(message(),)), version=2) == [
            "no service publishes order.created in version 2"
        ]


class TestReaders:
    def test_each_that_does_not_accept_it_is_named_in_order(self) -> None:
        assert objections(
            {"id": "a"},
            Contract("mailer", handles=(message(NUMBER),)),
            Contract("ledger", handles=(message(),)),
            Contract("audit", handles=(message(NUMBER, name="order.*"),)),
        ) == [
            "/id: it has a string, but audit accepts an integer",
            "/id: it has a string, but mailer accepts an integer",
        ]

    def test_one_that_reads_another_version_is_not_asked(self) -> None:
        assert objections({"id": "a"}, Contract("mailer", handles=(message(NUMBER, version=2),))) == []


def test_a_type_that_no_contract_knows_is_all_right() -> None:
    assert objections({"id": "a"}, Contract("shop", publishes=(message(name="order.paid"),))) == []


def test_a_contract_that_says_nothing_objects_to_nothing() -> None:
    assert objections(1, Contract("shop", publishes=(message(True, unread="it is Avro"),))) == []


def test_what_cannot_be_decided_is_told() -> None:
    schema = {"properties": {"id": {"$ref": "#/$defs/missing"}}}

    [objection] = objections({"id": "a"}, Contract("shop", publishes=(message(schema),)))
    assert objection.startswith("it cannot be decided whether the contract of shop accepts it: ")


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"type": "string"}, None, "it has null, but mailer accepts a string"),
        ({"type": "integer", "minimum": 1}, 0, "it has 0, but mailer's minimum is 1"),
        ({"enum": ["EUR"]}, "GBP", 'it has "GBP", which mailer does not know'),
        ({"type": "string", "format": "date"}, "x", 'it has "x", which does not have mailer\'s format "date"'),
        ({"type": "object", "additionalProperties": False}, {"x": 1}, 'it has the field "x", which mailer forbids'),
    ],
)
def test_problems_are_told_of_this_event_and_this_service(schema, value, sentence) -> None:
    mailer = Contract("mailer", handles=(message({"properties": {"id": schema}}),))

    [objection] = objections({"id": value}, mailer)
    assert objection.partition(": ")[2] == sentence
