"""Events as messages of RabbitMQ: CloudEvents' AMQP binding 1.0.2, with headers as application properties."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from eventkit.bus.amqp.frames import PERSISTENT, EventProperties
from eventkit.contract.codec import AMQP, HTTP, STRUCTURED_CONTENT_TYPE, from_headers, to_headers, to_structured
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
from eventkit.delivery.subscription import Unreadable

# RabbitMQ's largest frame is 128 KiB by default, and all headers travel in one.
_MAX_HEADERS: Final = 100_000
_BYTES_PER_CHARACTER: Final = 4


def to_message(envelope: Envelope) -> tuple[bytes, Basic.Properties]:
    """Return an event's body and properties: in binary mode, or structured where its attributes are too long for it."""
    headers: dict[str, Any] = dict(to_headers(envelope, AMQP))
    now = datetime.now(UTC)
    if sum(map(len, headers.values())) * _BYTES_PER_CHARACTER > _MAX_HEADERS:
        return to_structured(envelope), Basic.Properties(
            content_type=STRUCTURED_CONTENT_TYPE, delivery_mode=PERSISTENT, timestamp=now
        )
    content_type = headers.pop("content-type")
    return envelope.data, EventProperties(content_type, headers, now)


def from_message(message: DeliveredMessage) -> Envelope | Unreadable:
    """Return the event that a message holds, or what came instead of one."""
    properties = message.header.properties
    headers = headers_of(properties)
    try:
        return from_headers(headers, message.body, AMQP)
    except EnvelopeError as error:
        return Unreadable(dict(map(_shown, headers.items())), message.body, error)


def headers_of(properties: Basic.Properties) -> dict[str, object]:
    """Return a message's headers, its content type among them."""
    headers: dict[str, object] = dict(properties.headers or {})
    if properties.content_type:
        headers["content-type"] = properties.content_type
    return headers


def is_redelivered(message: DeliveredMessage) -> bool:
    """Tell whether a message was with a consumer before."""
    headers: Mapping[str, object] = message.header.properties.headers or {}
    return bool(message.redelivered) or bool(headers.get("x-delivery-count"))


def _shown(header: tuple[str, object]) -> tuple[str, str]:
    """Return a header as it is shown everywhere: the names of attributes begin with `ce-`."""
    name, value = header
    for prefix in (AMQP.prefix, AMQP.other_prefix):
        if prefix and name.lower().startswith(prefix.lower()):
            return HTTP.prefix + name[len(prefix) :], str(value)
    return name, str(value)


def identity(message: Envelope | Unreadable) -> str:
    """Return what a message is recognised by when it comes again."""
    digest = hashlib.blake2b(digest_size=12)
    if isinstance(message, Envelope):
        digest.update(f"{message.source}\0{message.id}".encode())
    else:
        digest.update(repr(sorted(message.headers.items())).encode())
        digest.update(message.body)
    return digest.hexdigest()
