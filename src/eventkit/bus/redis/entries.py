"""An event as an entry of a stream.

There is no binding of CloudEvents to Redis. An entry has the headers of the HTTP binding as fields, with the values as
they are written there, and the body as the field `data`. An event in structured mode is the field `data` alone, or with
`content-type`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from eventkit.contract.codec import HTTP, from_headers, layout_of, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
from eventkit.contract.layout import Layout
from eventkit.delivery.subscription import Unreadable

DATA: Final = b"data"
ADDRESSEE: Final = b"eventkit-group"
"""A field of what was replayed: the only group that gets it."""

_FIRST: Final = ("ce-type", "ce-partitionkey")
"""Scripts look for these; where they stand in front, they need not look far."""
_SEPARATOR: Final = b"\0"  # allowed in no attribute


def to_fields(envelope: Envelope) -> list[str | bytes]:
    """Return the fields of an event: names and values in turn."""
    headers = to_headers(envelope)
    fields: list[str | bytes] = []
    for name in _FIRST:
        if name in headers:
            fields += (name, headers.pop(name))
    for header in headers.items():
        fields += header
    return [*fields, DATA, envelope.data]


def from_fields(fields: Sequence[bytes]) -> Envelope | Unreadable:
    """Read an entry.

    Args:
        fields: Names and values in turn.
    """
    # A short way for what eventkit writes and nothing is encoded in: most events take it, and it takes less
    # than half of the time.
    *values, body = fields[1::2]
    layout = _layout_of(_SEPARATOR.join(fields[::2]))
    if layout is not None:
        try:
            # All at once, which is faster than one by one.
            texts = _SEPARATOR.join(values).decode().split("\0")
        except UnicodeDecodeError:
            texts = []
        if len(texts) == len(values) and (envelope := layout.read(texts, body)) is not None:
            return envelope
    return _from_any_fields(fields)


@lru_cache(maxsize=128)
def _layout_of(names: bytes) -> Layout | None:
    """Return how to read the fields before the body; None where each needs a closer look."""
    *headers, last = names.split(_SEPARATOR)
    if last != DATA or len(set(headers)) < len(headers):
        return None
    try:
        return layout_of(tuple(each.decode() for each in headers), HTTP)
    except UnicodeDecodeError:
        return None


def _from_any_fields(fields: Sequence[bytes]) -> Envelope | Unreadable:
    headers, body = parts_of(fields)
    pairs = list(zip(fields[::2], fields[1::2], strict=True))
    try:
        if len(dict(pairs)) < len(pairs):
            raise EnvelopeError("a field of the entry stands twice", mend="send each attribute once")
        for name, value in pairs:
            if name != DATA:
                name.decode(), value.decode()
        return from_headers(headers, body)
    except UnicodeDecodeError:
        error = EnvelopeError("a field of the entry is not UTF-8", mend="percent-encode text as UTF-8")
    except EnvelopeError as raised:
        error = raised
    return Unreadable(headers, body, error)


def parts_of(fields: Sequence[bytes]) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of an entry, whatever is wrong with it."""
    pairs = dict(zip(fields[::2], fields[1::2], strict=True))
    body = pairs.pop(DATA, b"")
    pairs.pop(ADDRESSEE, None)
    headers = {
        name.decode(errors="backslashreplace"): value.decode(errors="backslashreplace") for name, value in pairs.items()
    }
    return headers, body
