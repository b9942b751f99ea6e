"""From events to messages of NATS and back: CloudEvents in binary mode, the attributes as headers."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from eventkit.bus.nats.connection import header_lines
from eventkit.contract.codec import NATS, from_headers, layout_of, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
from eventkit.contract.layout import Layout
from eventkit.delivery.subscription import Unreadable

MESSAGE_ID: Final = "Nats-Msg-Id"
_FIRST_LINE: Final = len(b"NATS/1.0\r\n")


def headers_of(envelope: Envelope) -> dict[str, str]:
    """Return the headers of an event."""
    headers = to_headers(envelope, NATS)
    # An event's id is unique together with its source.
    headers[MESSAGE_ID] = f"{headers['ce-source']}/{headers['ce-id']}"
    return headers


def header_bytes(envelope: Envelope) -> bytes:
    """Return the headers of an event as they are sent."""
    return header_lines(headers_of(envelope))


def read_headers(raw: bytes | None) -> dict[str, str]:
    """Return headers as they came, without those that are the server's own business."""
    if raw is None:
        return {}
    pairs = (line.partition(":") for line in raw[_FIRST_LINE:].decode(errors="replace").split("\r\n"))
    return {name: value.strip() for name, colon, value in pairs if colon and not name.startswith("Nats-")}


def read(raw: bytes | None, data: bytes) -> Envelope | Unreadable:
    """Return the event that a message is, or the message where it is none."""
    envelope = _read_shortly(raw, data) if raw else None
    if envelope is not None:
        return envelope
    headers = read_headers(raw)
    try:
        return from_headers(headers, data, NATS)
    except EnvelopeError as error:
        return Unreadable(headers, data, error)


def _read_shortly(raw: bytes, data: bytes) -> Envelope | None:
    """Return the event of a message that is as eventkit, and most others, write it."""
    try:
        # The first line, then names and values in turn. Names, and nothing else, begin with a new line.
        text = raw[:-4].decode().replace("\r\n", ": \n")
    except UnicodeDecodeError:
        return None
    parts = text.split(": ")
    names, values = tuple(parts[1::2]), parts[2::2]
    layout = _layout_of(names) if text.count("\n") == len(names) == len(values) else None
    return None if layout is None else layout.read(values, data)


@lru_cache(maxsize=128)
def _layout_of(names: tuple[str, ...]) -> Layout | None:
    """Return how to read messages with just these headers, a new line before each; None where there is no short way."""
    if not all(name.startswith("\n") for name in names):
        return None
    return layout_of(tuple(name[1:] for name in names), NATS)
