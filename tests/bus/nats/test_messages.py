from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventkit import Envelope
from eventkit.bus.nats.messages import header_bytes, read, read_headers
from eventkit.contract.codec import NATS, from_headers
from eventkit.contract.errors import EnvelopeError
from eventkit.delivery.subscription import Unreadable

EVENT = Envelope(id="1", source="shop", type="order.created", data=b"{}", subject="a", key="a")


@pytest.mark.parametrize("key", ["a", "a b", "a: b", "50 %", 'say "a"', "Straße €", "x" * 4096])
def test_what_was_written_is_read(key: str) -> None:
    event = replace(EVENT, key=key)
    assert read(header_bytes(event), event.data) == event


@pytest.mark.parametrize(
    "lines",
    [
        "ce-specversion:1.0\r\nce-id:1\r\nce-source:shop\r\nce-type:order.created\r\n",
        "CE-SpecVersion: 1.0\r\nCE-ID: 1\r\nCE-Source: shop\r\nCE-Type: order.created\r\nOther: a: b\r\n",
        "Other\r\nce-specversion:   1.0\r\nce-id: 1 \r\nce-source: shop\r\nce-type: order.created\r\nce-x\r\n",
        "Other: ce-id: 2\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: shop\r\nce-type: order.created\r\n",
    ],
)
def test_what_others_write_is_read(lines: str) -> None:
    event = replace(EVENT, subject=None, key=None)
    assert read(f"NATS/1.0\r\n{lines}\r\n".encode(), event.data) == event


def test_what_is_no_event_is_kept_as_it_came() -> None:
    found = read(b"NATS/1.0\r\nce-id: \xff\r\nNats-Time: x\r\n\r\n", b"{}")
    assert isinstance(found, Unreadable)
    assert (found.headers, found.body) == ({"ce-id": "\N{REPLACEMENT CHARACTER}"}, b"{}")
    assert isinstance(read(None, b"5"), Unreadable)


# Pieces of headers, put together wrongly.
pieces = st.sampled_from(
    [
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-specversion",
        "ce-subject",
        ": ",
        ":",
        " ",
        "\r\n",
        "\n",
        "1.0",
        "a",
        "Nats-X",
    ]
)


@given(st.lists(pieces).map("".join))
def test_a_message_that_is_read_the_short_way_is_the_one_that_its_lines_make(lines: str) -> None:
    raw = header_bytes(EVENT)[:-2] + lines.encode() + b"\r\n\r\n"
    found = read(raw, b"{}")
    try:
        assert found == from_headers(read_headers(raw), b"{}", NATS)
    except EnvelopeError:
        assert isinstance(found, Unreadable)
