"""CloudEvents in Kafka's records: Kafka protocol binding 1.0.2."""

from __future__ import annotations

from eventkit import Envelope
from eventkit.bus.kafka.records import headers_of, key_of, read
from eventkit.contract.codec import to_structured
from eventkit.delivery.subscription import Unreadable

EVENT = Envelope(id="1", source="order_service", type="order.created", data='{"name":"Zoë"}'.encode(), key="order ü")


def test_an_event_is_read_as_it_was_written() -> None:
    assert read(headers_of(EVENT), EVENT.data, key_of(EVENT)) == EVENT


def test_its_headers_are_those_of_the_binding() -> None:
    headers = dict(headers_of(EVENT))

    assert headers["ce_id"] == b"1"
    assert headers["ce_partitionkey"] == "order ü".encode()
    assert headers["content-type"] == b"application/json"


def test_structured_mode_is_understood() -> None:
    assert read([("content-type", b"application/cloudevents+json")], to_structured(EVENT)) == EVENT
    assert read([], to_structured(EVENT)) == EVENT


def test_the_records_key_is_the_events_where_it_names_none() -> None:
    headers = [(name, value) for name, value in headers_of(EVENT) if name != "ce_partitionkey"]

    found = read(headers, EVENT.data, b"order-1")

    assert isinstance(found, Envelope)
    assert found.key == "order-1"


def test_what_is_no_event_is_kept_as_it_came() -> None:
    for headers, value, key in (
        ([], b"hello", None),
        ([], None, b"key"),
        ([("ce_id", None), ("trace", b"\xff")], b"{}", None),
        ([(name, each) for name, each in headers_of(EVENT) if name != "ce_partitionkey"], EVENT.data, b"\xff"),
    ):
        found = read(headers, value, key)
        assert isinstance(found, Unreadable)
        assert found.body == (value or b"")
        assert found.error.what
