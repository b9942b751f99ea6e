"""CloudEvents 1.0 in binary and in structured mode."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventkit import Envelope, EnvelopeError, Event
from eventkit.contract.codec import (
    AMQP,
    HTTP,
    KAFKA,
    NATS,
    from_attributes,
    from_headers,
    from_structured,
    layout_of,
    to_attributes,
    to_headers,
    to_structured,
)
from eventkit.contract.strict_json import DEFAULT_LIMITS, Limits

# Control characters, surrogates and noncharacters are excluded by CloudEvents 1.0.2, "String".
text = st.text(
    st.characters(exclude_categories=("Cs", "Cc")).filter(
        lambda letter: ord(letter) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(letter) <= 0xFDEF
    ),
    min_size=1,
    max_size=20,
)
maybe = st.none() | text
zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(minutes=-19, seconds=-32))])
envelopes = st.builds(
    Envelope,
    id=text,
    source=text,
    type=text,
    data=st.dictionaries(text, st.integers() | text).map(lambda value: json.dumps(value).encode()),
    time=st.none() | st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9999, 12, 30), timezones=zones),  # noqa: DTZ001
    subject=maybe,
    dataschema=maybe,
    key=maybe,
    correlation=maybe,
    causation=maybe,
    traceparent=maybe,
    datacontenttype=st.sampled_from(["application/json", "application/vnd.a+json; charset=UTF-8"]),
    extensions=st.dictionaries(st.from_regex(r"ext[a-z0-9]{1,10}", fullmatch=True), st.just("") | text, max_size=3),
)
HEADERS = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "a",
    "ce-type": "a.b",
}
DOCUMENT = {"specversion": "1.0", "id": "1", "source": "a", "type": "a.b", "data": {}}
WITHOUT_DATA = {name: value for name, value in DOCUMENT.items() if name != "data"}
EVENT = Envelope(id="1", source="a", type="a.b", data=b"{}")


class Changed(Event, type="a.changed", key="id"):
    id: str


class TestBinaryMode:
    @given(envelopes, st.sampled_from([HTTP, NATS, KAFKA, AMQP]))
    def test_it_brings_back_what_was_sent(self, envelope, binding):
        headers = to_headers(envelope, binding)
        assert from_headers(headers, envelope.data, binding) == envelope
        if binding.encoded:
            assert all(value.isascii() and value.isprintable() for value in headers.values())

    def test_http(self):
        envelope = Envelope(id="1", source="a", type="a.b", data=b"{}", subject="Euro € 😀", key='5"%')
        assert to_headers(envelope, HTTP) == {
            **HEADERS,
            "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80",  # the example of HTTP protocol binding 1.0.2, 3.1.3.2
            "ce-partitionkey": "5%22%25",
        }

    def test_nats(self):
        assert to_headers(EVENT, NATS) == {
            "ce-datacontenttype": "application/json",
            "ce-specversion": "1.0",
            "ce-id": "1",
            "ce-source": "a",
            "ce-type": "a.b",
        }

    @pytest.mark.parametrize(("binding", "prefix"), [(KAFKA, "ce_"), (AMQP, "cloudEvents_")])
    def test_kafka_and_amqp_carry_text_as_it_is(self, binding, prefix):
        envelope = Envelope(id="1", source="a", type="a.b", data=b"{}", subject="50 % of €")
        headers = to_headers(envelope, binding)
        assert headers == {
            "content-type": "application/json",
            f"{prefix}specversion": "1.0",
            f"{prefix}id": "1",
            f"{prefix}source": "a",
            f"{prefix}type": "a.b",
            f"{prefix}subject": "50 % of €",
        }
        assert from_headers(headers, b"{}", binding) == envelope

    def test_amqp_is_read_with_the_older_prefix_and_with_native_values(self):
        time = datetime(2026, 1, 1, tzinfo=UTC)
        properties = {"specversion": "1.0", "id": "1", "source": "a", "type": "a.b", "time": time, "shard": 7}
        headers = {f"cloudEvents:{name}": value for name, value in properties.items()}
        envelope = from_headers({"content-type": "application/json", **headers}, b"{}", AMQP)
        assert (envelope.time, envelope.extensions) == (time, {"shard": 7})

    def test_names_are_read_whatever_their_case(self):
        assert from_headers({name.upper(): value for name, value in HEADERS.items()}, b"{}") == EVENT

    def test_other_headers_are_left_alone(self):
        assert from_headers({**HEADERS, "authorization": "x", "id": "2"}, b"{}") == EVENT

    @pytest.mark.parametrize(
        ("value", "subject"),
        [
            ('"a b"', "a b"),
            (r'"a \"b\" \\"', 'a "b" \\'),
            ('"a%20b"', "a b"),
            ("%e2%82%ac", "€"),
            ("%41", "A"),
            ("100%", "100%"),
            ('"', '"'),
        ],
    )
    def test_what_older_senders_quote_and_what_others_encode_needlessly_is_read(self, value, subject):
        assert from_headers({**HEADERS, "ce-subject": value}, b"{}").subject == subject

    def test_an_attribute_called_like_a_field_of_the_envelope_is_an_extension(self):
        envelope = from_headers({**HEADERS, "ce-key": "k", "ce-correlation": "c", "ce-causation": "d"}, b"{}")
        assert (envelope.key, envelope.correlation, envelope.causation) == (None, None, None)
        assert envelope.extensions == {"key": "k", "correlation": "c", "causation": "d"}

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"ce-specversion": "0.3"}, "'specversion' is '0.3'"),
            ({"ce-specversion": None}, "'specversion' is missing"),
            ({"ce-id": None}, "'id' is missing"),
            ({"ce-source": ""}, "'source' is empty"),
            ({"ce-type": None}, "'type' is missing"),
            ({"ce-subject": ""}, "'subject' is empty"),
            ({"ce-subject": "a\nb"}, r"'subject' is 'a\\nb'.*no control characters"),
            ({"ce-subject": "a%0D%0Ab"}, r"'subject' is 'a\\r\\nb'"),
            ({"ce-subject": "%EF%BF%BE"}, "noncharacters"),
            ({"ce-subject": "%C0%A0"}, "header 'ce-subject' is not UTF-8"),
            ({"ce-subject": "x" * 5000}, "'subject' has 5,000 characters; use 4,096 at the most"),
            ({"ce-subject": "%41" * 20_000}, "'ce-subject' has 60,000 characters; use 4,096 at the most"),
            ({"content-type": "application/json" + "; a=b" * 1000}, "'datacontenttype' has 5,016 characters"),
            ({"ce-time": f"2026-01-01T00:00:00.{'1' * 31}Z"}, "'time' is"),
            ({"ce-tenant": "\x7f"}, "'tenant' is"),
            ({"ce-tenant": b"x"}, "'tenant' is b'x'"),
            ({"ce-type": 5}, "'type' is 5; send text"),
            ({f"ce-x{number}": "1" for number in range(65)}, "has 65 extensions; use 64 at the most"),
            ({"ce-time": "yesterday"}, "'time' is 'yesterday'"),
            ({"ce-time": "2026-01-01T00:00:00"}, "'time' is .*with its zone"),
            ({"ce-time": "2026-W01-1T00:00:00Z"}, "'time' is .*RFC 3339"),
            ({"ce-time": "2026-13-01T00:00:00Z"}, "'time' is .*RFC 3339"),
            ({"ce-time": "0001-01-01T00:00:00+01:00"}, "'time' is .*years 1 to 9999"),
            ({"ce-a_b": "1"}, "'a_b' is no name of a CloudEvents extension"),
            ({"ce-data": "1"}, "'data' is no name of a CloudEvents extension"),
            ({f"ce-{'x' * 65}": "1"}, "is no name of a CloudEvents extension"),
            ({"CE-ID": "2"}, "header 'ce-id' stands twice"),
            ({"Content-Type": "application/json"}, "header 'content-type' stands twice"),
            ({"ce-datacontenttype": "text/json"}, "header 'content-type' stands twice"),
            ({"content-type": "text/xml"}, "the data is 'text/xml'"),
            ({"content-type": "application/json; charset=latin-1"}, "the data is .*; events are JSON in UTF-8"),
            ({"content-type": "application/json\r\nx: y"}, "'datacontenttype' is"),
            ({"content-type": b"application/json"}, "'datacontenttype' is b'application/json'"),
        ],
    )
    def test_it_refuses(self, change, problem):
        headers = {name: value for name, value in (HEADERS | change).items() if value is not None}
        with pytest.raises(EnvelopeError, match=problem):
            from_headers(headers, b"{}")

    def test_the_longest_attribute_is_read_however_it_is_encoded(self):
        assert from_headers({**HEADERS, "ce-subject": "%F0%9F%98%80" * 4096}, b"{}").subject == "😀" * 4096

    def test_what_it_says_is_short(self):
        for name, value in [("ce-specversion", "x" * 10_000), ("ce-" + "x" * 10_000, ""), ("ce-time", "x" * 10_000)]:
            with pytest.raises(EnvelopeError) as caught:
                from_headers({**HEADERS, name: value}, b"{}")
            assert len(str(caught.value)) < 300

    @given(
        st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.integers() | st.binary(), max_size=6),
        st.binary(max_size=20),
        st.sampled_from([HTTP, NATS, KAFKA, AMQP]),
    )
    def test_any_headers_are_an_envelope_or_an_envelope_error(self, headers, body, binding):
        with suppress(EnvelopeError):
            from_headers(to_headers(EVENT, binding) | headers, body, binding)
        with suppress(EnvelopeError):
            prefixed = {f"{binding.prefix}{name}": value for name, value in headers.items()}
            from_headers(to_headers(EVENT, binding) | prefixed, body, binding)

    @given(
        st.dictionaries(
            st.sampled_from(
                [*to_attributes(EVENT), "subject", "partitionkey", "time", "datacontenttype", "ext", "a_b"]
            ),
            st.sampled_from(
                ["application/json", "1.0", "2026-01-02T03:04:05+01:00", "0001-01-01T00:00:00+01:00", "", 7]
            )
            | st.text(max_size=5)
            | st.none(),
        ),
        st.sampled_from([b"{}", b'{"a":1,"a":2}', b"", b"[NaN]"]),
        st.permutations(list(to_attributes(EVENT))),
    )
    def test_a_message_that_is_read_the_short_way_is_the_one_that_the_attributes_make(self, change, body, order):
        own = to_attributes(EVENT)
        attributes = {name: own[name] for name in order} | change
        content_type = attributes.pop("datacontenttype")
        headers = {"content-type": content_type, **{f"ce_{name}": value for name, value in attributes.items()}}
        layout = layout_of(tuple(headers), KAFKA)
        short = layout and layout.read(tuple(headers.values()), body)
        if short is not None:
            assert short == from_attributes({**attributes, "datacontenttype": content_type}, body)

    @pytest.mark.parametrize("binding", [HTTP, NATS, KAFKA, AMQP])
    def test_what_eventkit_writes_is_read_the_short_way(self, binding):
        for envelope in (EVENT, Envelope.of(Changed(id="a"), source="a"), replace(EVENT, extensions={"tenant": "x"})):
            headers = to_headers(envelope, binding)
            layout = layout_of(tuple(headers), binding)
            assert layout is not None
            assert layout.read(tuple(headers.values()), envelope.data) == envelope


class TestTime:
    @pytest.mark.parametrize(
        "written", ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T05:04:05.000+02:00"]
    )
    def test_it_is_read_as_rfc_3339_writes_it(self, written):
        assert from_headers({**HEADERS, "ce-time": written}, b"{}").time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def test_it_is_written_in_utc(self):
        time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
        headers = to_headers(Envelope(id="1", source="a", type="a.b", data=b"{}", time=time))
        assert headers["ce-time"] == "2026-01-02T01:04:05Z"


class TestMode:
    @pytest.mark.parametrize(
        "content_type",
        [
            "application/cloudevents+json",
            "application/cloudevents+json; charset=utf-8",
            'Application/CloudEvents+JSON;charset="UTF-8"',
            "application/cloudevents",  # NATS protocol binding, 3
        ],
    )
    def test_the_content_type_tells_structured_mode(self, content_type):
        assert from_headers({"Content-Type": content_type}, json.dumps(DOCUMENT).encode()) == EVENT

    def test_a_message_without_headers_is_structured(self):
        assert from_headers({}, json.dumps(DOCUMENT).encode(), NATS) == EVENT
        assert from_headers({"x-other": "1"}, json.dumps(DOCUMENT).encode(), KAFKA) == EVENT

    @pytest.mark.parametrize(
        ("content_type", "problem"),
        [
            ("application/cloudevents-batch+json", "a batch of events; send each event as a message of its own"),
            (
                "application/cloudevents+avro",
                "format is 'application/cloudevents.avro'; send application/cloudevents.json",
            ),
            ("application/cloudevents+json; charset=utf-16", "charset=utf-16'; send JSON in UTF-8"),
        ],
    )
    def test_what_is_not_read_is_named(self, content_type, problem):
        with pytest.raises(EnvelopeError, match=problem):
            from_headers({**HEADERS, "content-type": content_type}, b"[]")


class TestStructuredMode:
    @given(envelopes)
    def test_it_brings_back_what_was_sent(self, envelope):
        assert from_structured(to_structured(envelope)) == envelope

    def test_data_keeps_its_digits_and_its_spaces(self):
        data = b'{"amount": 0.10000000000000000001, "big": 123456789012345678901234567890}'
        raw = b' {"data" : ' + data + b' , "specversion":"1.0","id":"1","source":"a","type":"a.b" } '
        assert from_structured(raw).data == data

    def test_a_member_named_data_inside_something_else_is_not_the_data(self):
        raw = json.dumps({"subject": '"data": 1', **DOCUMENT, "data": {"data": 2}}).encode()
        assert json.loads(from_structured(raw).data) == {"data": 2}

    @pytest.mark.parametrize("data", ["null", '"{}"', "[]", "1"])
    def test_data_is_whatever_json_it_is(self, data):
        raw = json.dumps(WITHOUT_DATA)[:-1] + f', "data": {data}}}'
        assert from_structured(raw.encode()).data == data.encode()

    def test_data_may_be_base64(self):
        document = {
            **WITHOUT_DATA,
            "datacontenttype": "application/json",
            "data_base64": base64.b64encode(b'{"a": 1}').decode(),
        }
        assert from_structured(json.dumps(document).encode()).data == b'{"a": 1}'

    def test_null_is_an_attribute_that_is_not_set(self):
        document = {**DOCUMENT, "subject": None, "time": None, "tenant": None, "data_base64": None}
        assert from_structured(json.dumps(document).encode()) == EVENT

    def test_extensions_keep_their_types(self):
        document = DOCUMENT | {"tenant": "acme", "shard": -(2**31), "test": True, "empty": ""}
        envelope = from_structured(json.dumps(document).encode())
        assert envelope.extensions == {"tenant": "acme", "shard": -(2**31), "test": True, "empty": ""}
        assert json.loads(to_structured(envelope)).items() >= document.items()
        assert to_headers(envelope)["ce-test"] == "true"
        assert to_headers(envelope)["ce-shard"] == "-2147483648"

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"data_base64": "e30="}, "both 'data' and 'data_base64'"),
            ({"subject": 1}, "'subject' is 1; send text"),
            ({"subject": "\x00"}, "'subject' is"),
            ({"id": ""}, "'id' is empty"),
            ({"tenant": {"a": 1}}, "'tenant' is {'a': 1}"),
            ({"tenant": 1.5}, r"'tenant' is 1\.5"),
            ({"tenant": 2**31}, "'tenant' is 2147483648; CloudEvents integers have 32 bits"),
            ({"Tenant": "acme"}, "'Tenant' is no name"),
            ({"time": 1}, "'time' is 1"),
            ({"datacontenttype": "text/plain"}, "the data is 'text/plain'"),
        ],
    )
    def test_it_refuses(self, change, problem):
        with pytest.raises(EnvelopeError, match=problem):
            from_structured(json.dumps(DOCUMENT | change).encode())

    @pytest.mark.parametrize(
        ("raw", "problem"),
        [
            (b"[]", "the event is no JSON object"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"{}", "'specversion' is missing"),
            (b'{"id": "1", "id": "2"}', "the key 'id' stands twice"),
            (json.dumps(WITHOUT_DATA).encode(), "the event has no data; send a JSON object"),
            (json.dumps(WITHOUT_DATA | {"data_base64": "e30="}).encode(), "bytes of an unknown kind"),
            (
                json.dumps(WITHOUT_DATA | {"datacontenttype": "text/json", "data_base64": "?"}).encode(),
                "'data_base64' is not base64",
            ),
            (
                json.dumps(WITHOUT_DATA | {"datacontenttype": "text/json", "data_base64": "YQ=="}).encode(),
                "the event's data is not JSON",
            ),
        ],
    )
    def test_it_refuses_the_text(self, raw, problem):
        with pytest.raises(EnvelopeError, match=problem):
            from_structured(raw)

    @given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\ud8u0 1e', max_size=30).map(str.encode))
    @example(b'{"":0,}')
    @example(b'{"" 0}')
    @example(b'{,"":0}')
    @example(b"{" * 200_000)
    def test_any_bytes_that_make_no_event_are_an_envelope_error(self, raw):
        with pytest.raises(EnvelopeError):
            from_structured(raw)


class TestData:
    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
            (b"not json", "not JSON"),
            (b'{"a": NaN}', "NaN is not JSON"),
            (b"[" * 200 + b"]" * 200, "nested deeper"),
            (b'"' + b"x" * 998 + b'"', r"1,000 bytes, more than the limit of 999"),
            (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        ],
    )
    def test_it_is_strict_json_within_the_limits_in_both_modes(self, body, problem):
        limits = Limits(max_bytes=999)
        with pytest.raises(EnvelopeError, match=problem):
            from_headers(HEADERS, body, limits=limits)
        with pytest.raises(EnvelopeError, match=problem):
            from_structured(json.dumps(WITHOUT_DATA)[:-1].encode() + b', "data": ' + body + b"}", limits=limits)

    def test_an_empty_body_is_no_data(self):
        with pytest.raises(EnvelopeError, match="the event has no data"):
            from_headers(HEADERS, b"")

    def test_the_largest_data_can_be_read_in_both_modes_with_the_largest_attributes(self):
        data = b'"' + b"x" * (DEFAULT_LIMITS.max_bytes - 2) + b'"'
        names = ["id", "source", "type", "subject", "dataschema", "key", "correlation", "causation", "traceparent"]
        extensions = {f"{number:064}": "😀" * 4096 for number in range(64)}
        envelope = Envelope(**dict.fromkeys(names, "😀" * 4096), data=data, extensions=extensions)
        assert from_structured(to_structured(envelope)) == envelope
        assert from_headers(to_headers(envelope), data) == envelope

    def test_the_deepest_data_can_be_read_in_both_modes(self):
        envelope = Envelope(id="1", source="a", type="a.b", data=b"[" * 100 + b"]" * 100)
        assert from_structured(to_structured(envelope)) == envelope
        assert from_headers(to_headers(envelope), envelope.data) == envelope
