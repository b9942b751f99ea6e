"""Documents that tools of others wrote; `documents/README.md` says which and how."""

from pathlib import Path

import pytest

from eventkit.discovery.asyncapi import read
from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.landscape import Landscape
from eventkit.verify.verify import verify

DOCUMENTS = Path(__file__).parent / "documents"


def contract(name: str) -> Contract:
    return read((DOCUMENTS / name).read_bytes(), name)


def events(messages: tuple[Message, ...]) -> list[str]:
    return [str(message.event) for message in messages]


def test_a_document_that_faststream_generated_is_read() -> None:
    found = contract("faststream.json")

    assert events(found.publishes) == ["order.paid v1", "order.shipped v1"]
    assert events(found.handles) == ["order.created v1"]
    assert found.handles[0].places["/total"] == Place("faststream.json", 160, 11, 7)


@pytest.mark.parametrize(("version", "line"), [("2.6", 133), ("3.0", 170)])
def test_a_document_that_faststream_generated_for_nats_is_read(version: str, line: int) -> None:
    found = contract(f"faststream-nats-{version}.yaml")

    assert events(found.publishes) == ["order.paid v1"]
    assert events(found.handles) == ["audit.> v1", "logs.{level} v1", "order.*.canceled v1", "order.created v1"]
    assert found.handles[-1].places["/total"].line == line


def test_a_document_that_an_old_faststream_wrote_from_the_other_side_is_recognised() -> None:
    found = contract("faststream-nats-0.5.yaml")

    assert (events(found.publishes), events(found.handles)) == (["order.paid v1"], ["order.created v1"])


def test_what_faststream_says_in_both_versions_fits_itself() -> None:
    old, new = contract("faststream-nats-2.6.yaml"), contract("faststream-nats-3.0.yaml")

    assert [message.schema for message in old.handles] == [message.schema for message in new.handles]


def test_a_document_says_the_same_after_asyncapis_converter() -> None:
    before, after = contract("shop-2.6.yaml"), contract("shop-3.0.yaml")

    assert events(before.publishes) == events(after.publishes) == ["order.{eu|us}.created v1"]
    assert events(before.handles) == events(after.handles) == ["shipment.lost v1", "shipment.sent v1"]
    for old, new in zip((*before.publishes, *before.handles), (*after.publishes, *after.handles), strict=True):
        assert (old.schema, set(old.places)) == (new.schema, set(new.places))


def test_a_document_as_springwolf_writes_it_is_read() -> None:
    found = contract("springwolf.json")

    # One message on a channel is called after the channel, several by their names; a header of CloudEvents decides.
    assert events(found.publishes) == ["pickup.requested v1"]
    assert events(found.handles) == [
        "com.example.parcels.dtos.CarrierDto v1",
        "com.example.parcels.dtos.ParcelDto v1",
        "labels v1",
    ]
    assert not any(message.unread for message in (*found.publishes, *found.handles))
    assert found.publishes[0].places["/parcels/*/size/length"].line == 99


def test_what_springwolf_keeps_in_schemas_with_a_format_is_compared() -> None:
    reader = read(
        b"""
asyncapi: 2.6.0
info: {title: driver, version: 1.0.0}
channels:
  pickups:
    publish:
      message:
        headers: {type: object, properties: {ce_type: {const: pickup.requested}}}
        payload:
          properties:
            parcels: {items: {properties: {size: {properties: {length: {type: string}}}}}}
""",
        "driver.yaml",
    )
    report = verify(Landscape((contract("springwolf.json"), reader)))

    (finding,) = (finding for finding in report.findings if finding.code == "EK102")
    assert finding.path == "/parcels/*/size/length"
    assert [(spot.place.file, spot.place.line) for spot in finding.spots] == [
        ("driver.yaml", 11),
        ("springwolf.json", 99),
    ]


def test_documents_of_several_tools_are_verified_together() -> None:
    reader = read(
        b"""
asyncapi: 2.6.0
info: {title: warehouse, version: 1.0.0}
channels:
  order.eu.created:
    publish: {message: {payload: {type: object, properties: {total: {type: number}}, required: [order_id]}}}
  order.paid:
    publish: {message: {payload: {type: object, properties: {amount: {type: [number, string]}}}}}
""",
        "warehouse.yaml",
    )
    report = verify(Landscape((contract("shop-3.0.yaml"), contract("faststream-nats-2.6.yaml"), reader)))

    assert [(pair.event.name, pair.publisher, pair.subscriber, pair.verdict) for pair in report.pairs] == [
        ("order.eu.created", "shop", "warehouse", "incompatible"),
        ("order.paid", "orders_app", "warehouse", "compatible"),
    ]
    (finding,) = (finding for finding in report.findings if finding.code == "EK102")
    assert [(spot.place.file, spot.place.line) for spot in finding.spots] == [
        ("warehouse.yaml", 6),
        ("shop-3.0.yaml", 98),
    ]
