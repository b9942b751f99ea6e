"""CloudEvents 1.0 in binary and in structured mode."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit import Envelope, EnvelopeError
from eventkit.contract.codec import from_headers, from_structured, to_headers, to_structured
from eventkit.contract.strict_json import Limits

# Control characters and surrogates are excluded by CloudEvents 1.0.2, "String".
text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
maybe = st.none() | text
extension_names = st.from_regex(r"ext[a-z0-9]{1,10}", fullmatch=True)
envelopes = st.builds(
    Envelope,
    id=text,
    source=text,
    type=text,
    data=st.dictionaries(text, st.integers() | text).map(lambda value: json.dumps(value).encode()),
    time=st.none()
    | st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])),  # noqa: DTZ001
    subject=maybe,
    dataschema=maybe,
    key=maybe,
    correlation=maybe,
    causation=maybe,
    traceparent=maybe,
    extensions=st.dictionaries(extension_names, text, max_size=3),
)
HEADERS = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "a",
    "ce-type": "a.b",
}
DOCUMENT = {"specversion": "1.0", "id": "1", "source": "a", "type": "a.b", "data": {}}


@given(envelopes, st.sampled_from(["ce-", "ce_", "cloudEvents:"]))
def test_binary_mode_brings_back_what_was_sent(envelope, prefix):
    headers = to_headers(envelope, prefix)
    assert all(value.isascii() and value.isprintable() and " " not in value for value in headers.values())
    assert from_headers(headers, envelope.data, prefix) == envelope


@given(envelopes)
def test_structured_mode_brings_back_what_was_sent(envelope):
    assert from_structured(to_structured(envelope)) == envelope


def test_headers_are_read_whatever_their_case():
    assert from_headers({name.upper(): value for name, value in HEADERS.items()}, b"{}").type == "a.b"


def test_the_content_type_tells_the_mode():
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    assert from_headers(headers, json.dumps(DOCUMENT).encode()).id == "1"


def test_unknown_extensions_are_kept():
    assert from_headers(HEADERS | {"ce-tenant": "acme"}, b"{}").extensions == {"tenant": "acme"}
    document = DOCUMENT | {"tenant": "acme", "shard": 7, "test": True}
    envelope = from_structured(json.dumps(document).encode())
    assert envelope.extensions == {"tenant": "acme", "shard": 7, "test": True}
    assert json.loads(to_structured(envelope)).items() >= document.items()
    assert to_headers(envelope)["ce-test"] == "true"


def test_structured_data_keeps_its_digits():
    data = b'{"amount": 0.10000000000000000001, "big": 123456789012345678901234567890}'
    raw = b' {"data" : ' + data + b' , "specversion":"1.0","id":"1","source":"a","type":"a.b" } '
    assert from_structured(raw).data == data


def test_a_member_named_data_inside_something_else_is_not_the_data():
    raw = json.dumps({"subject": '"data": 1', **DOCUMENT, "data": {"data": 2}}).encode()
    assert json.loads(from_structured(raw).data) == {"data": 2}


def test_structured_data_may_be_base64():
    document = {**DOCUMENT, "data_base64": base64.b64encode(b'{"a": 1}').decode()}
    del document["data"]
    assert from_structured(json.dumps(document).encode()).data == b'{"a": 1}'


def test_null_is_an_attribute_that_is_not_set():
    assert from_structured(json.dumps({**DOCUMENT, "subject": None}).encode()).subject is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ce-specversion": "0.3"}, "specversion is '0.3'"),
        ({"ce-specversion": None}, "specversion is None"),
        ({"ce-id": None}, "'id' is missing"),
        ({"ce-source": ""}, "'source' is ''"),
        ({"ce-type": None}, "'type' is missing"),
        ({"ce-time": "yesterday"}, "'time' is 'yesterday'"),
        ({"ce-time": "2026-01-01T00:00:00"}, "'time' is .*with its zone"),
        ({"ce-a_b": "1"}, "'a_b' is no CloudEvents attribute name"),
        ({"CE-ID": "2"}, "header 'ce-id' stands twice"),
        ({"content-type": "text/xml"}, "the data is text/xml"),
    ],
)
def test_binary_mode_refuses(change, problem):
    headers = {name: value for name, value in (HEADERS | change).items() if value is not None}
    with pytest.raises(EnvelopeError, match=problem):
        from_headers(headers, b"{}")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b"not json", "not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[" * 200 + b"]" * 200, "nested deeper"),
        (b'"' + b"x" * 100 + b'"', "102 bytes, more than the limit of 99"),
        (b"", "not JSON"),
    ],
)
def test_data_is_strict_json_within_the_limits(body, problem):
    with pytest.raises(EnvelopeError, match=problem):
        from_headers(HEADERS, body, limits=Limits(max_bytes=99 if b"x" in body else 1000))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"[]", "the event is a JSON list"),
        (b'{"id": "1", "id": "2"}', "the key 'id' stands twice"),
        (json.dumps({**DOCUMENT, "data_base64": "e30="}).encode(), "both 'data' and 'data_base64'"),
        (json.dumps({**DOCUMENT, "subject": 1}).encode(), "'subject' is 1"),
        (json.dumps({**DOCUMENT, "tenant": {"a": 1}}).encode(), "'tenant' is dict"),
        (json.dumps({**DOCUMENT, "tenant": 1.5}).encode(), "'tenant' is float"),
        (
            json.dumps({"specversion": "1.0", "id": "1", "source": "a", "type": "a.b", "data_base64": "?"}).encode(),
            "base64",
        ),
    ],
)
def test_structured_mode_refuses(raw, problem):
    with pytest.raises(EnvelopeError, match=problem):
        from_structured(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_an_envelope_error(raw):
    try:
        from_structured(raw)
    except EnvelopeError:
        return
    pytest.fail("random bytes make no event")


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=6), st.binary(max_size=20))
def test_any_headers_are_an_envelope_or_an_envelope_error(headers, body):
    with suppress(EnvelopeError):
        from_headers(HEADERS | {f"ce-{name}": value for name, value in headers.items()}, body)
