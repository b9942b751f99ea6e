"""From events to messages of NATS and back: CloudEvents in binary mode, the attributes as headers."""

from __future__ import annotations

from typing import Final

from eventkit.bus.nats.connection import header_lines
from eventkit.contract.codec import NATS, from_headers, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
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
    try:
        try:
            # As eventkit writes them, and most others: the server's own do no harm, and this takes half the time.
            headers = dict([line.split(": ", 1) for line in raw[_FIRST_LINE:-4].decode().split("\r\n")]) if raw else {}
        except ValueError:
            headers = read_headers(raw)
        return from_headers(headers, data, NATS)
    except EnvelopeError as error:
        return Unreadable(read_headers(raw), data, error)
