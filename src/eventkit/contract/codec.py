"""CloudEvents 1.0 on the wire, in both modes of the specification.

*Binary* mode: the attributes travel as headers and the data as the body (`Binding` says how on which protocol).
*Structured* mode: one JSON document holds both (JSON event format 1.0.2). eventkit writes binary mode and reads either.

What can be put into an envelope can be written, and what was written can be read: the limits are the same on both
sides.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Final, cast
from urllib.parse import quote, unquote

from eventkit.contract import strict_json
from eventkit.contract.attributes import (
    JSON_CONTENT_TYPE,
    MAX_EXTENSIONS,
    MAX_LENGTH,
    TEXT_ATTRIBUTES,
    ExtensionValue,
    is_json,
    not_an_attribute,
    read_time,
    shown,
)
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError
from eventkit.contract.layout import SPEC_VERSION, Layout
from eventkit.contract.strict_json import DEFAULT_LIMITS, Limits, StrictJSONError

STRUCTURED_CONTENT_TYPE: Final = "application/cloudevents+json"

_MEDIA_TYPE: Final = "application/cloudevents"
# Stands for the header among attributes, whose names are in lower case.
_CONTENT_TYPE: Final = "Content-Type"
_CONTENT_ATTRIBUTE: Final = "datacontenttype"
# Four bytes a character, or two where it is escaped, and some for the names.
_ROOM_FOR_ATTRIBUTES: Final = 4 * (MAX_LENGTH + 100) * (len(TEXT_ATTRIBUTES) + MAX_EXTENSIONS)
_LONGEST_ENCODED: Final = 12 * MAX_LENGTH  # four bytes a character, three signs a byte
# HTTP protocol binding 1.0.2, 3.1.3.2, and RFC 7230, 3.2.6: what older senders write.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Binding:
    """How a protocol carries the attributes of an event in binary mode.

    Args:
        prefix: Stands before the name of each attribute.
        content_type: Where `datacontenttype` travels.
        encoded: Values are percent-encoded, as the bindings of HTTP and NATS say; they are plain text where not.
        other_prefix: Another prefix, of the same length, that is understood on reading.
    """

    prefix: str
    content_type: str = "content-type"
    encoded: bool = False
    other_prefix: str | None = None


HTTP: Final = Binding(prefix="ce-", encoded=True)
"""HTTP protocol binding 1.0.2, 3.1; also where a transport has headers and no binding of its own."""
NATS: Final = Binding(prefix="ce-", encoded=True, content_type="ce-datacontenttype")
"""NATS protocol binding, 3.1 (after 1.0.2, which knows structured mode only)."""
KAFKA: Final = Binding(prefix="ce_")
"""Kafka protocol binding 1.0.2, 3.2: headers are UTF-8."""
AMQP: Final = Binding(prefix="cloudEvents_", other_prefix="cloudEvents:")
"""AMQP protocol binding, 3.1: application properties, and the message property `content-type`."""


def to_attributes(envelope: Envelope) -> dict[str, ExtensionValue]:
    """Return the CloudEvents attributes of an envelope by their names on the wire, without the data."""
    return {**_known_attributes(envelope), **envelope.extensions}


def from_attributes(attributes: Mapping[str, object], data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Return the envelope that the attributes and the data make.

    Args:
        attributes: CloudEvents attributes by their names on the wire, as text or as Python's own types. Unknown ones
            are kept as extensions.
        data: The event's JSON.
        limits: The largest data accepted.

    Raises:
        EnvelopeError: A required attribute is missing, one has a wrong form, or the data is not strict JSON.
    """
    envelope = _envelope(dict(attributes), data)
    if not data:
        raise _no_data()
    try:
        strict_json.check(data, limits)
    except StrictJSONError as error:
        raise EnvelopeError(f"the event's data is {error}", mend="send the event as one JSON object") from None
    return envelope


def to_headers(envelope: Envelope, binding: Binding = HTTP) -> dict[str, str]:
    """Return the headers of binary mode; the body is `envelope.data`.

    Args:
        envelope: The event.
        binding: The protocol.
    """
    names = _header_names(binding)
    headers = {names[name]: value for name, value in _known_attributes(envelope).items()}
    for name, extension in envelope.extensions.items():
        headers[binding.prefix + name] = extension if isinstance(extension, str) else json.dumps(extension)
    # All at once, because few events have anything that is to be encoded.
    if binding.encoded and not _is_plain("".join(headers.values())):
        return {name: value if name == binding.content_type else _encoded(value) for name, value in headers.items()}
    return headers


def from_headers(
    headers: Mapping[str, object], body: bytes, binding: Binding = HTTP, *, limits: Limits = DEFAULT_LIMITS
) -> Envelope:
    """Read a message of either mode, told apart by its content type (HTTP protocol binding 1.0.2, section 3).

    A message without any header of CloudEvents and without content type is read as structured, too.

    Args:
        headers: The message's headers; their names are compared without case.
        body: The message's body.
        binding: The protocol.
        limits: The largest data accepted.

    Raises:
        EnvelopeError: The message is no CloudEvents 1.0 event, a header stands twice, or the data is not strict JSON.
    """
    layout = layout_of(tuple(headers), binding)
    envelope = None if layout is None else layout.read(tuple(headers.values()), body, limits)
    return _from_any_headers(headers, body, binding, limits) if envelope is None else envelope


@lru_cache(maxsize=128)
def layout_of(names: tuple[str, ...], binding: Binding) -> Layout | None:
    """Return how to read messages with just these headers, in this order; None where each needs a closer look.

    Args:
        names: The names of the headers, each once.
        binding: The protocol.
    """
    found = [_attribute_of(name, binding) for name in names]
    attributes = [_CONTENT_ATTRIBUTE if each == _CONTENT_TYPE else each for each in found]
    if _CONTENT_ATTRIBUTE not in attributes:
        return None  # it may be in structured mode
    return Layout.of(attributes, encoded=binding.encoded)


def _from_any_headers(headers: Mapping[str, object], body: bytes, binding: Binding, limits: Limits) -> Envelope:
    content_type: object = None
    attributes: dict[str, object] = {}
    encoded = binding.encoded
    for name, value in headers.items():
        attribute = _attribute_of(name, binding)
        if attribute is None:
            continue
        if attribute == _CONTENT_TYPE:
            if content_type is not None:
                raise _twice(name.lower())
            content_type = value
            continue
        if attribute in attributes:
            raise _twice(name.lower())
        if encoded and isinstance(value, str) and ("%" in value or '"' in value):
            value = _decoded(name.lower(), value)
        attributes[attribute] = value
    if content_type is None:
        if not attributes:
            return from_structured(body, limits=limits)
    elif _is_structured(content_type):
        return from_structured(body, limits=limits)
    elif attributes.setdefault("datacontenttype", content_type) != content_type:
        raise _twice("content-type")
    attributes.setdefault("datacontenttype", JSON_CONTENT_TYPE)
    return from_attributes(attributes, body, limits=limits)


def to_structured(envelope: Envelope) -> bytes:
    """Return the one JSON document of structured mode (JSON event format 1.0.2, section 3)."""
    attributes = json.dumps(to_attributes(envelope), ensure_ascii=False)
    # Spliced in as text: reading the data into Python and writing it again would round its numbers.
    return b'%b,"data":%b}' % (attributes[:-1].encode(), envelope.data)


def from_structured(raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Read one JSON document of structured mode.

    Args:
        raw: The document.
        limits: The largest data accepted; around it there is room for the attributes.

    Raises:
        EnvelopeError: It is not strict JSON, or no CloudEvents 1.0 event.
    """
    room = Limits(max_bytes=limits.max_bytes + _ROOM_FOR_ATTRIBUTES, max_depth=limits.max_depth + 1)
    try:
        members = strict_json.members(raw, room)
    except StrictJSONError as error:
        raise EnvelopeError(f"the event is {error}", mend="send one JSON object") from None
    data = members.pop("data", None)
    encoded, _ = members.pop("data_base64", (None, ""))
    # JSON event format 1.0.2, 2.2: an attribute that is null is one that is not set.
    attributes = {name: value for name, (value, _) in members.items() if value is not None}
    if encoded is not None:
        if data is not None:
            raise EnvelopeError("the event has both 'data' and 'data_base64'", mend="send one of the two")
        if "datacontenttype" not in attributes:  # JSON event format 1.0.2, 3.1.2: then nothing tells what it is
            raise EnvelopeError("the data is bytes of an unknown kind", mend="say so: datacontenttype is JSON")
        return from_attributes(attributes, _base64(encoded), limits=limits)
    envelope = _envelope(attributes, b"" if data is None else data[1].encode())
    if data is None:
        raise _no_data()
    if len(envelope.data) > limits.max_bytes:
        raise EnvelopeError(
            f"the event's data is {len(envelope.data):,} bytes, more than the limit of {limits.max_bytes:,}",
            mend="send a reference to what is large",
        )
    return envelope


def _envelope(attributes: dict[str, object], data: bytes) -> Envelope:
    take = attributes.pop
    version, time = take("specversion", None), take("time", None)
    texts = [take(name, None) for name in TEXT_ATTRIBUTES]
    if version != SPEC_VERSION:
        problem = "missing" if version is None else shown(version)
        raise EnvelopeError(
            f"the CloudEvents attribute 'specversion' is {problem}", mend=f"send CloudEvents {SPEC_VERSION} events"
        )
    if texts[0] is None or texts[1] is None or texts[2] is None:
        missing = next(name for name, value in zip(TEXT_ATTRIBUTES, texts, strict=True) if value is None)
        raise EnvelopeError(
            f"the CloudEvents attribute {missing!r} is missing", mend="id, source and type are required"
        )
    try:
        return Envelope.read(
            cast(list[str | None], texts), read_time(time), data, cast(dict[str, ExtensionValue], attributes)
        )
    except TypeError:
        for name, value in zip(TEXT_ATTRIBUTES, texts, strict=True):
            if value is not None and not isinstance(value, str):
                raise EnvelopeError(f"the CloudEvents attribute {name!r} is {shown(value)}", mend="send text") from None
        raise


def _is_structured(content_type: object) -> bool:
    """Tell whether a content type means structured mode; raise EnvelopeError where it is one that is not read."""
    if not isinstance(content_type, str):
        return False
    if len(content_type) > MAX_LENGTH:
        raise not_an_attribute("datacontenttype", content_type)
    media_type, *parameters = content_type.lower().split(";", 1)
    media_type = media_type.strip()
    if not media_type.startswith(_MEDIA_TYPE):
        return False
    if media_type.startswith(f"{_MEDIA_TYPE}-batch"):
        raise EnvelopeError("the message is a batch of events", mend="send each event as a message of its own")
    # The NATS binding writes the media type without its format.
    if media_type not in (_MEDIA_TYPE, STRUCTURED_CONTENT_TYPE):
        raise EnvelopeError(f"the event's format is {shown(media_type)}", mend=f"send {STRUCTURED_CONTENT_TYPE}")
    if not is_json(";".join([STRUCTURED_CONTENT_TYPE, *parameters])):
        raise EnvelopeError(f"the event is {shown(content_type)}", mend="send JSON in UTF-8")
    return True


def _encoded(text: str) -> str:
    """Percent-encode what HTTP protocol binding 1.0.2, 3.1.3.2, says: space, `"`, `%`, all but printable ASCII."""
    return text if _is_plain(text) else quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _known_attributes(envelope: Envelope) -> dict[str, str]:
    """Return all attributes but the extensions."""
    # One by one, because every event that is published comes through here.
    attributes = {
        _CONTENT_ATTRIBUTE: envelope.datacontenttype,
        "specversion": SPEC_VERSION,
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
    }
    if envelope.subject is not None:
        attributes["subject"] = envelope.subject
    if envelope.dataschema is not None:
        attributes["dataschema"] = envelope.dataschema
    if envelope.key is not None:
        attributes["partitionkey"] = envelope.key
    if envelope.correlation is not None:
        attributes["correlationid"] = envelope.correlation
    if envelope.causation is not None:
        attributes["causationid"] = envelope.causation
    if envelope.traceparent is not None:
        attributes["traceparent"] = envelope.traceparent
    if envelope.time is not None:
        attributes["time"] = envelope.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return attributes


@lru_cache(maxsize=64)
def _header_names(binding: Binding) -> Mapping[str, str]:
    """Return the names of the headers in which all attributes but extensions travel."""
    names = {name: binding.prefix + name for name in (*TEXT_ATTRIBUTES, "specversion", "time")}
    return names | {_CONTENT_ATTRIBUTE: binding.content_type}


def _is_plain(text: str) -> bool:
    """Tell whether nothing of a text is to be encoded."""
    return text.isascii() and text.isprintable() and not (" " in text or '"' in text or "%" in text)


@lru_cache(maxsize=4096)
def _attribute_of(name: str, binding: Binding) -> str | None:
    """Return the attribute that a header carries, `_CONTENT_TYPE`, or None where it is none of CloudEvents.

    Kept, because the headers of almost all events have the same names.
    """
    lowered = name.lower()
    if lowered.startswith((binding.prefix.lower(), (binding.other_prefix or binding.prefix).lower())):
        return lowered[len(binding.prefix) :]
    return _CONTENT_TYPE if lowered == "content-type" else None


def _decoded(name: str, value: str) -> str:
    if len(value) > _LONGEST_ENCODED:
        raise EnvelopeError(
            f"the header {shown(name)} has {len(value):,} characters", mend=f"use {MAX_LENGTH:,} at the most"
        )
    if _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise EnvelopeError(f"the header {shown(name)} is not UTF-8", mend="percent-encode text as UTF-8") from None


def _base64(value: object) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise EnvelopeError("'data_base64' is not base64", mend="encode it as RFC 4648, section 4 says")


def _twice(name: str) -> EnvelopeError:
    return EnvelopeError(f"the header {shown(name)} stands twice", mend="send each attribute once")


def _no_data() -> EnvelopeError:
    return EnvelopeError("the event has no data", mend="send a JSON object; that of an event without fields is {}")
