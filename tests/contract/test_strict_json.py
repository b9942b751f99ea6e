"""JSON that everybody reads in the same way."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventkit.contract.strict_json import Limits, StrictJSONError, check, loads, members

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
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
        (b"[" + b"9" * 5000 + b"]", "an integer has thousands of digits"),
        (b'"\xff"', "not UTF-8: byte 1 is 0xff"),
        (b"", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"1 2", "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\uDEAD": 1}', "half of a surrogate pair"),
        (b'["\\udc00\\ud800"]', "half of a surrogate pair"),
        (b"[" * 101 + b"]" * 101, "nested deeper than 100 levels"),
        (b"[" * 500_000, "nested deeper than 100 levels|not JSON"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested deeper than 100 levels"),
    ],
)
def test_it_refuses(raw, problem):
    with pytest.raises(StrictJSONError, match=problem):
        loads(raw)
    with pytest.raises(StrictJSONError, match=problem):
        check(raw)


@given(st.text(alphabet='{}[]":, a1e0.-\\ud8\x00é', max_size=14) | values.map(json.dumps), st.integers(1, 60))
@example('{"a":1,"a":1}', 60)
@example('{"a":[{"b":1,"b":2}]}', 60)
@example("[1e999]", 60)
def test_check_refuses_what_loads_refuses_and_nothing_else(text, size):
    raw, limits = text.encode(errors="surrogatepass"), Limits(max_bytes=size, max_depth=3)
    try:
        loads(raw, limits)
    except StrictJSONError:
        with pytest.raises(StrictJSONError):
            check(raw, limits)
    else:
        check(raw, limits)


def test_depth_is_what_counts_and_not_the_number_of_brackets():
    assert loads(b"[" * 100 + b"]" * 100)
    assert loads(b"[" + b"[]," * 5000 + b"[]]")
    assert loads(json.dumps("[" * 5000))


def test_size_is_limited():
    assert loads(b"12345", Limits(max_bytes=5)) == 12345
    with pytest.raises(StrictJSONError, match="6 bytes, more than the limit of 5"):
        loads(b"123456", Limits(max_bytes=5))


def test_a_pair_of_surrogates_is_a_character():
    assert loads(b'["\\ud83d\\ude00", "\\\\ud800"]') == ["😀", "\\ud800"]


@given(st.dictionaries(st.text(), values, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_members_are_what_loads_reads_with_their_texts(value, indent, ensure_ascii):
    raw = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    found = members(f" {raw}\n".encode(errors="surrogatepass"))
    assert {name: member for name, (member, _) in found.items()} == loads(raw)
    assert {name: json.loads(text) for name, (_, text) in found.items()} == value
    assert all(text in raw for _, text in found.values())


@given(st.text(alphabet='{}[]":, a1', max_size=12))
@example("{}")
@example(' {"a" : 1 , "b":[ ] } ')
@example('{"a":1,}')
@example('{"a":1}1')
@example('{"a":1 "b":1}')
@example('{"a":1,"a":1}')
def test_members_refuse_what_loads_refuses(raw):
    try:
        value = loads(raw)
    except StrictJSONError:
        value = None
    if isinstance(value, dict):
        assert {name: member for name, (member, _) in members(raw).items()} == value
    else:
        with pytest.raises(StrictJSONError):
            members(raw)
