"""Events as Kafka's records: CloudEvents binary mode (Kafka protocol binding 1.0.2), the key in the record's key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiokafka import ConsumerRecord

from eventkit.contract.codec import KAFKA, from_headers, to_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
from eventkit.delivery.subscription import Unreadable

Headers = list[tuple[str, bytes]]
TYPE_HEADER: Final = "ce_type"


def headers_of(envelope: Envelope) -> Headers:
    """Return the headers of the record of an event."""
    return [(name, value.encode()) for name, value in to_headers(envelope, KAFKA).items()]


def key_of(envelope: Envelope) -> bytes | None:
    """Return the key of the record of an event."""
    return None if envelope.key is None else envelope.key.encode()


def type_in(record: ConsumerRecord) -> str | None:
    """Return the type that a record's headers name; None where they name none, as in structured mode."""
    for name, value in record.headers:
        if name == TYPE_HEADER and value:
            return str(value, errors="replace")
    return None


def message_of(record: ConsumerRecord) -> Envelope | Unreadable:
    """Read the record of an event in either mode of CloudEvents."""
    return read(record.headers, record.value, record.key)


def read(
    headers: Iterable[tuple[str, bytes | None]], value: bytes | None, key: bytes | None = None
) -> Envelope | Unreadable:
    """Read what a record holds.

    Args:
        headers: Its headers.
        value: Its value.
        key: Its key: that of the event where the event names none, because other publishers need not repeat it.
    """
    texts = texts_of(headers)
    body = value or b""
    try:
        envelope = from_headers(texts, body, KAFKA)
        if envelope.key is None and key:
            envelope = replace(envelope, key=key.decode())
    except EnvelopeError as error:
        return Unreadable(texts, body, error)
    except UnicodeDecodeError:
        return Unreadable(texts, body, EnvelopeError("the record's key is not UTF-8", mend="send text as the key"))
    return envelope


def texts_of(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return a record's headers as text; bytes that are no UTF-8 are shown as escapes, which CloudEvents refuses."""
    return {name: str(value, "utf-8", "backslashreplace") for name, value in headers if value is not None}
