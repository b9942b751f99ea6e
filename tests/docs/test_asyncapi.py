"""Contracts as AsyncAPI documents."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from syrupy.assertion import SnapshotAssertion

from eventkit.contract.codec import AMQP, HTTP, KAFKA, NATS, Binding, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.event import EventType
from eventkit.discovery.asyncapi import read
from eventkit.discovery.contract import Contract, Message
from eventkit.docs.asyncapi import document
from eventkit.docs.tidy import tidy
from eventkit.docs.validation import check_document
from eventkit.docs.yaml_text import to_yaml
from tests.docs.contracts import SHOP, contracts, without_places


def as_object(schema: Any) -> Any:
    return {} if schema is True else {"not": {}} if schema is False else schema


def normal(contract: Contract) -> Contract:
    """Return the contract with its schemas as most documents hold them: tidy, and `{}` instead of `true`."""

    def tidied(message: Message) -> Message:
        schema = as_object(tidy(message.schema))
        if "$defs" in schema:
            schema["$defs"] = {name: as_object(definition) for name, definition in schema["$defs"].items()}
        return replace(message, schema=schema)

    return replace(
        contract, publishes=tuple(map(tidied, contract.publishes)), handles=tuple(map(tidied, contract.handles))
    )


def written_and_read(contract: Contract) -> Contract:
    return normal(without_places(read(to_yaml(document(contract)).encode(), "shop.yaml")))


def test_the_document_of_a_service(snapshot: SnapshotAssertion) -> None:
    assert to_yaml(document(SHOP)) == snapshot


@pytest.mark.parametrize(
    ("protocol", "binding"), [("nats", NATS), ("redis", HTTP), ("sqlite", HTTP), ("amqp", AMQP), ("kafka", KAFKA)]
)
def test_the_headers_of_a_document_are_those_that_are_sent_on_each_protocol(protocol: str, binding: Binding) -> None:
    written: dict[str, Any] = document(SHOP)
    trait = written["components"]["messageTraits"]["CloudEvent"]
    [message, *_] = written["components"]["messages"].values()
    described = trait["headers"]["properties"] | message["headers"]["properties"]
    sent = Envelope(
        id="1", source="shop", type="order.created", data=b"{}", time=datetime(2026, 1, 2, tzinfo=UTC), key="o-1",
        dataschema="urn:eventkit:order.created:v2", correlation="1", causation="0",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", extensions={"tracestate": "a=b"},
    )  # fmt: skip
    names = {name for name in to_headers(sent, binding) if name.lower() not in ("content-type", "ce-datacontenttype")}

    assert {name.replace("ce-", trait["x-eventkit-prefixes"][protocol], 1) for name in described} == names


def test_what_is_written_is_what_is_read() -> None:
    assert written_and_read(SHOP) == replace(normal(SHOP), source="")


@settings(max_examples=25)
@given(contracts(same_definitions=False))
def test_any_contract_is_read_as_it_was_written(contract: Contract) -> None:
    assert written_and_read(contract) == normal(contract)


@settings(max_examples=15)
@given(contracts(same_definitions=True))
def test_writing_what_was_read_changes_nothing(contract: Contract) -> None:
    found = written_and_read(contract)

    assert written_and_read(found) == found


@settings(max_examples=15)
@given(contracts(same_definitions=True))
def test_every_document_is_valid_by_the_official_schema(contract: Contract) -> None:
    check_document(document(contract))


@settings(max_examples=15)
@given(contracts(same_definitions=True))
def test_names_are_those_that_code_generators_accept(contract: Contract) -> None:
    written = document(contract)

    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in written["components"].get("schemas", {}))
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9_]*", name) for name in written["components"].get("messages", {}))
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in (*written["operations"], *written["channels"]))


def messages(*names: str) -> tuple[Message, ...]:
    """Return messages of one model each, of an event `order.created` of versions 1, 2, ..."""
    return tuple(
        Message(EventType("order.created", version), True, name) for version, name in enumerate(names, start=1)
    )


def test_versions_and_roles_of_one_event_share_its_channel() -> None:
    written = document(Contract("shop", publishes=messages("OrderCreated", "OrderCreated"), handles=messages("Order")))

    assert written["channels"] == {
        "order_created": {
            "address": "order.created",
            "messages": {
                "OrderCreated": {"$ref": "#/components/messages/OrderCreated"},
                "OrderCreatedV2": {"$ref": "#/components/messages/OrderCreatedV2"},
                "Order": {"$ref": "#/components/messages/Order"},
            },
        }
    }
    assert list(written["operations"]) == ["send_order_created", "send_order_created_v2", "receive_order_created"]


def schemas_of(*schemas: dict[str, Any] | bool) -> dict[str, Any]:
    """Return the components of a document whose messages `M1`, `M2`, ... have these schemas."""
    published = tuple(Message(EventType("a.b", n), schema, f"M{n}") for n, schema in enumerate(schemas, start=1))
    components: dict[str, Any] = document(Contract("shop", publishes=published))["components"]
    return components


def test_messages_share_definitions_that_mean_the_same() -> None:
    money = {"type": "string", "pattern": "^[0-9]+$"}
    priced = {"properties": {"price": {"$ref": "#/$defs/Money"}}, "$defs": {"Money": money}}

    assert schemas_of(priced, {**priced, "title": "Other"})["schemas"] == {
        "M1": {"properties": {"price": {"$ref": "#/components/schemas/Money"}}},
        "Money": money,
        "M2": {"title": "Other", "properties": {"price": {"$ref": "#/components/schemas/Money"}}},
    }


def test_definitions_of_one_name_that_mean_different_things_keep_apart() -> None:
    def priced(kind: str) -> dict[str, Any]:
        line = {"properties": {"price": {"$ref": "#/$defs/Money"}}}
        return {"items": {"$ref": "#/$defs/Line"}, "$defs": {"Line": line, "Money": {"type": kind}}}

    assert schemas_of(priced("string"), priced("number"))["schemas"] == {
        "M1": {"items": {"$ref": "#/components/schemas/Line"}},
        "Line": {"properties": {"price": {"$ref": "#/components/schemas/Money"}}},
        "Money": {"type": "string"},
        "M2": {"items": {"$ref": "#/components/schemas/M2Line"}},
        "M2Line": {"properties": {"price": {"$ref": "#/components/schemas/M2Money"}}},
        "M2Money": {"type": "number"},
    }


def test_a_schema_that_draft_7_cannot_express_is_written_whole_with_its_format() -> None:
    pair = {"prefixItems": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "string"}}}

    assert schemas_of(pair) == {
        "messageTraits": schemas_of(True)["messageTraits"],
        "messages": schemas_of(True)["messages"],
        "schemas": {
            "M1": {
                "schemaFormat": "application/schema+json;version=2020-12",
                "schema": {
                    "prefixItems": [{"$ref": "#/components/schemas/M1/schema/$defs/A"}],
                    "$defs": {"A": {"type": "string"}},
                },
            }
        },
    }


def test_a_schema_of_draft_7_stays_one() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    contract = Contract("shop", publishes=(Message(EventType("a.b"), schema, "M1"),))

    assert written_and_read(contract).publishes[0].schema == schema


def test_the_discriminator_of_a_union_is_left_out_as_asyncapi_means_another_thing_by_it() -> None:
    union = {"oneOf": [{"const": 1}], "discriminator": {"propertyName": "kind", "mapping": {}}}

    assert schemas_of(union)["schemas"] == {"M1": {"oneOf": [{"const": 1}]}}
