"""An envelope: the CloudEvents attributes around one event."""

import os
import pickle
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from eventkit import Envelope, EnvelopeError, Event, EventType, PublishError
from eventkit.contract.envelope import new_id


class OrderCreated(Event, type="order.created", version=2, key="order_id"):
    order_id: str


def test_a_new_event_starts_its_own_correlation():
    before = datetime.now(UTC)
    envelope = Envelope.of(OrderCreated(order_id="o1"), source="order_service")
    assert (envelope.type, envelope.source, envelope.data) == ("order.created", "order_service", b'{"order_id":"o1"}')
    assert envelope.key == envelope.subject == "o1"
    assert envelope.correlation == envelope.id
    assert envelope.causation is None
    assert before <= envelope.time <= datetime.now(UTC)


def test_an_event_with_a_cause_carries_its_correlation_and_trace():
    noted = {"tracestate": "vendor=1", "tenant": "t"}
    first = Envelope(id="1", source="a", type="a.b", data=b"{}", traceparent="00-ab-cd-01", extensions=noted)
    second = Envelope.of(OrderCreated(order_id="o1"), source="b", cause=first)
    third = Envelope.of(OrderCreated(order_id="o1"), source="c", cause=second)
    assert (second.correlation, second.causation) == ("1", "1")
    assert (third.correlation, third.causation) == ("1", second.id)
    assert third.trace == ("00-ab-cd-01", "vendor=1")
    assert third.extensions == {"tracestate": "vendor=1"}


@pytest.mark.parametrize(
    ("dataschema", "version"),
    [
        (None, 1),
        ("urn:eventkit:order.created:v2", 2),
        ("https://schemas.example.com/order.created/v3.json", 3),
        ("https://schemas.example.com/order.created.v12.json#/$defs/x", 12),
        ("https://schemas.example.com/order.created", 1),
        ("https://schemas.example.com/v2/order.created", 1),
    ],
)
def test_the_version_is_what_the_schema_ends_with(dataschema, version):
    envelope = Envelope(id="1", source="a", type="order.created", data=b"{}", dataschema=dataschema)
    assert envelope.event_type == EventType("order.created", version)


def test_the_version_of_an_own_event_travels():
    assert Envelope.of(OrderCreated(order_id="o1"), source="a").event_type == OrderCreated.event_type()


@pytest.mark.parametrize("attribute", ["id", "source", "type"])
def test_what_cloudevents_requires_must_not_be_empty(attribute):
    attributes = {"id": "1", "source": "a", "type": "a.b", "data": b"{}"} | {attribute: ""}
    with pytest.raises(EnvelopeError, match=f"{attribute!r} is empty"):
        Envelope(**attributes)


def test_a_time_without_zone_is_refused():
    with pytest.raises(EnvelopeError, match="no time zone"):
        Envelope(id="1", source="a", type="a.b", data=b"{}", time=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_time_that_utc_does_not_have_is_refused():
    time = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(EnvelopeError, match=r"'time' is 9999-12-31.*use a time in the years 1 to 9999"):
        Envelope(id="1", source="a", type="a.b", data=b"{}", time=time)


@pytest.mark.parametrize("key", ["", "a\nb", "\ud800", "x" * 4097])
def test_an_event_whose_key_cannot_travel_is_not_published(key):
    event = OrderCreated.model_construct(order_id=key)
    with pytest.raises(PublishError, match=r"the key of OrderCreated is '.*a key is text of 1 to 4096 characters"):
        Envelope.of(event, source="order_service")


def test_envelopes_are_values():
    envelope = Envelope(id="1", source="a", type="a.b", data=b"{}", extensions={"tenant": "acme"})
    assert envelope == Envelope(id="1", source="a", type="a.b", data=b"{}", extensions={"tenant": "acme"})
    assert len({envelope, pickle.loads(pickle.dumps(envelope))}) == 1


def test_ids_are_uuid_version_7_unique_and_sorted_by_millisecond():
    ids = [new_id() for _ in range(2000)]
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id_) for id_ in ids)
    assert len(set(ids)) == len(ids)
    assert [id_[:13] for id_ in ids] == sorted(id_[:13] for id_ in ids)


def test_an_own_envelope_is_as_immutable_and_as_checked_as_any():
    envelope = Envelope.of(OrderCreated(order_id="o1"), source="order_service")
    with pytest.raises(AttributeError):
        envelope.id = "another"
    with pytest.raises(EnvelopeError, match="'source' is empty"):
        Envelope.of(OrderCreated(order_id="o1"), source="")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_makes_other_ids_than_its_parent():
    program = (
        "import os\n"
        "from eventkit.contract.envelope import new_id\n"
        "new_id()\n"
        "child = os.fork()\n"
        "if child: os.waitpid(child, 0)\n"
        "print(new_id()[15:], flush=True)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    parents, childs = run.stdout.split()
    assert parents != childs


def test_a_program_that_seeds_its_random_numbers_gets_new_ids_all_the_same():
    random.seed(1)
    first = new_id()
    random.seed(1)
    assert new_id()[15:] != first[15:]
