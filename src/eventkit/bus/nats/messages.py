"""From events to messages of NATS and back: CloudEvents in binary mode, the attributes as headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar, Final

from eventkit.bus.nats.requests import header_lines
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


class _Recent:
    """How to read messages with the headers of the one before, as almost all have them: what each is, and its value."""

    match: ClassVar[Callable[[str], re.Match[str] | None]] = re.compile("$x").fullmatch  # nothing
    layout: ClassVar[Layout | None] = None


def _read_shortly(raw: bytes, data: bytes) -> Envelope | None:
    """Return the event of a message that is as eventkit, and most others, write it."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    found = _Recent.match(text)
    if found is None:
        known = _layout_of(tuple(line.partition(":")[0] for line in text.split("\r\n")[1:-2]))
        if known is None or (found := known[0].fullmatch(text)) is None:
            return None
        _Recent.match, _Recent.layout = known[0].fullmatch, known[1]
    layout = _Recent.layout
    return None if layout is None else layout.read(found.groups(), data)


@lru_cache(maxsize=128)
def _layout_of(names: tuple[str, ...]) -> tuple[re.Pattern[str], Layout] | None:
    """Return how to read messages with just these headers; None where there is no short way."""
    layout = layout_of(names, NATS)
    if layout is None:
        return None
    # A value that holds or ends with another kind of line's end is not printable, which the layout finds.
    lines = "".join(f"{re.escape(name)}: (.*)\r\n" for name in names)
    return re.compile(f"NATS/1\\.0\r\n{lines}\r\n"), layout
