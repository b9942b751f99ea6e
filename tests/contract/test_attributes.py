"""What CloudEvents allows as an attribute."""

import re
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventkit import Envelope, EnvelopeError
from eventkit.contract.attributes import MAX_LENGTH, is_attribute, is_json, read_time


@given(st.text(max_size=5))
def test_text_is_what_the_type_system_of_cloudevents_calls_a_string(text):
    forbidden = any(
        point <= 0x1F
        or 0x7F <= point <= 0x9F
        or 0xD800 <= point <= 0xDFFF
        or 0xFDD0 <= point <= 0xFDEF
        or point & 0xFFFE == 0xFFFE
        for point in map(ord, text)
    )
    assert is_attribute(text) is (text != "" and not forbidden)


WRITTEN = "2026-01-31T23:59:59.123456Z"
GRAMMAR = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,30})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)


@given(st.dictionaries(st.integers(0, len(WRITTEN) - 1), st.sampled_from("0123456789-:.,+WTZtz ٣é"), max_size=4))
@example({7: "W", 8: "0"})
@example({23: "+"})
def test_a_time_is_read_where_rfc_3339_says_so_and_it_is_in_the_calendar(changes):
    text = "".join(changes.get(place, sign) for place, sign in enumerate(WRITTEN))
    try:
        expected = datetime.fromisoformat(text.upper()) if GRAMMAR.fullmatch(text) else None
    except ValueError:
        expected = None
    if expected is None:
        with pytest.raises(EnvelopeError, match="RFC 3339"):
            read_time(text)
    else:
        assert read_time(text) == expected


def test_text_is_of_limited_length():
    assert is_attribute("x" * MAX_LENGTH)
    assert not is_attribute("x" * (MAX_LENGTH + 1))


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "text/json",
        "application/vnd.orders+json",
        "application/json;charset=utf-8",
        'application/json ; charset="UTF-8"; profile="a;b=\\"c\\""',
        "application/json; charset=us-ascii",
    ],
)
def test_these_media_types_are_json(media_type):
    assert is_json(media_type)


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "json",
        "/json",
        "application/jsonp",
        "application/+json",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8x",
        "application/json; a=b; charset=latin-1",
        "application/json, text/html",
        "application/json\r\nset-cookie: a",
        "application/json; a=b\n",
        "application/xml",
    ],
)
def test_these_media_types_are_not(media_type):
    assert not is_json(media_type)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"subject": ""}, "'subject' is empty; leave it out"),
        ({"key": "a\nb"}, r"'partitionkey' is 'a\\nb'"),
        ({"traceparent": "x" * 4097}, "'traceparent' has 4,097 characters"),
        ({"id": "\ud800"}, "'id' is .* surrogates"),
        ({"datacontenttype": "application/xml"}, "the data is 'application/xml'; events are JSON in UTF-8"),
        ({"extensions": {"id": "x"}}, "'id' is no name of a CloudEvents extension"),
        ({"extensions": {"data": "x"}}, "'data' is no name"),
        ({"extensions": {"a\r\nb": "x"}}, r"'a\\r\\nb' is no name"),
        ({"extensions": {"tenant": "a\r\nb"}}, r"'tenant' is 'a\\r\\nb'"),
        ({"extensions": {"shard": 1 << 31}}, "32 bits"),
        ({"extensions": {"shard": None}}, "'shard' is None; send text, an integer or a boolean"),
    ],
)
def test_an_envelope_holds_nothing_else(attributes, problem):
    with pytest.raises(EnvelopeError, match=problem):
        Envelope(**{"id": "1", "source": "a", "type": "a.b", "data": b"{}"} | attributes)
