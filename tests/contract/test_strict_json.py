"""JSON that everybody reads in the same way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit.contract.strict_json import Limits, StrictJSONError, loads

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_it_reads_what_the_standard_library_writes(value):
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"[1e400]", "too large for a double"),
        (b"[" + b"9" * 5000 + b"]", "an integer of 5,000 digits"),
        (b'"\xff"', "not UTF-8: byte 1 is 0xff"),
        (b"", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"1 2", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 101 + b"]" * 101, "nested deeper than 100 levels"),
        (b"[" * 500_000, "nested deeper than 100 levels|not JSON"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested deeper than 100 levels"),
    ],
)
def test_it_refuses(raw, problem):
    with pytest.raises(StrictJSONError, match=problem):
        loads(raw)


def test_depth_is_what_counts_and_not_the_number_of_brackets():
    assert loads(b"[" * 100 + b"]" * 100)
    assert loads(b"[" + b"[]," * 5000 + b"[]]")
    assert loads(json.dumps("[" * 5000))


def test_size_is_limited():
    assert loads(b"12345", Limits(max_bytes=5)) == 12345
    with pytest.raises(StrictJSONError, match="6 bytes, more than the limit of 5"):
        loads(b"123456", Limits(max_bytes=5))
