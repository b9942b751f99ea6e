"""CloudEvents 1.0 on the wire, in both modes of the specification.

*Binary* mode: the attributes travel as headers and the data as the body (HTTP protocol binding 1.0.2, section 3.1; the
NATS, AMQP and Kafka bindings follow the same scheme). *Structured* mode: one JSON document holds both (JSON event
format 1.0.2). eventkit writes binary mode and reads either.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from eventkit.contract import strict_json
from eventkit.contract.envelope import JSON_CONTENT_TYPE, Envelope, ExtensionValue
from eventkit.contract.errors import EnvelopeError
from eventkit.contract.strict_json import DEFAULT_LIMITS, Limits, StrictJSONError

STRUCTURED_CONTENT_TYPE: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"

# CloudEvents attribute -> field of Envelope, for those that are not called the same.
_FIELD_OF: Final = {"partitionkey": "key", "correlationid": "correlation", "causationid": "causation"}
_ATTRIBUTE_OF: Final = {field: attribute for attribute, field in _FIELD_OF.items()}
_TEXT_FIELDS: Final = (
    "id", "source", "type", "subject", "dataschema", "key", "correlation", "causation", "traceparent",
    "datacontenttype",
)  # fmt: skip
_ATTRIBUTE_NAME: Final = re.compile(r"[a-z0-9]{1,255}")
_JSON_TYPE: Final = re.compile(r"[^/]+/(?:json|[^;]+\+json)\s*(?:;.*)?", re.IGNORECASE)
_MEMBER_START: Final = re.compile(r'[ \t\n\r]*"')
_COLON: Final = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def to_attributes(envelope: Envelope) -> dict[str, ExtensionValue]:
    """Return the CloudEvents attributes of an envelope by their names on the wire, without the data."""
    attributes: dict[str, ExtensionValue] = {"specversion": SPEC_VERSION}
    for name in _TEXT_FIELDS:
        value = getattr(envelope, name)
        if value is not None:
            attributes[_ATTRIBUTE_OF.get(name, name)] = value
    if envelope.time is not None:
        attributes["time"] = envelope.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {**envelope.extensions, **attributes}


def from_attributes(attributes: Mapping[str, Any], data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Return the envelope that the attributes and the data make.

    Args:
        attributes: CloudEvents attributes by their names on the wire. Unknown ones are kept as extensions.
        data: The event's JSON.
        limits: The largest data accepted.

    Raises:
        EnvelopeError: A required attribute is missing, one has a wrong form, or the data is not strict JSON.
    """
    if attributes.get("specversion") != SPEC_VERSION:
        raise EnvelopeError(
            f"specversion is {attributes.get('specversion')!r}", mend=f"send CloudEvents {SPEC_VERSION} events"
        )
    fields: dict[str, Any] = {}
    extensions: dict[str, ExtensionValue] = {}
    for name, value in attributes.items():
        if name in ("specversion", "time"):
            continue
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise EnvelopeError(
                f"{name[:100]!r} is no CloudEvents attribute name", mend="use lower-case letters and digits"
            )
        field = _FIELD_OF.get(name, name)
        if field in _TEXT_FIELDS:
            if not isinstance(value, str) or not value:
                raise EnvelopeError(f"the CloudEvents attribute {name!r} is {value!r}", mend="send a non-empty string")
            fields[field] = value
        elif isinstance(value, str | int):
            extensions[name] = value
        else:
            raise EnvelopeError(
                f"the CloudEvents attribute {name!r} is {type(value).__name__}",
                mend="send text, an integer or a boolean",
            )
    missing = [name for name in ("id", "source", "type") if name not in fields]
    if missing:
        raise EnvelopeError(
            f"the CloudEvents attribute {missing[0]!r} is missing", mend="id, source and type are required"
        )
    _check_data(fields.get("datacontenttype", JSON_CONTENT_TYPE), data, limits)
    return Envelope(**fields, time=_time(attributes.get("time")), data=data, extensions=extensions)


def to_headers(envelope: Envelope, prefix: str = "ce-") -> dict[str, str]:
    """Return the headers of binary mode; the body is `envelope.data`.

    Args:
        envelope: The event.
        prefix: Put before each attribute's name: `ce-` for HTTP and NATS, `ce_` for Kafka, `cloudEvents:` for AMQP.
    """
    headers = {"content-type": envelope.datacontenttype}
    for name, value in to_attributes(envelope).items():
        if name != "datacontenttype":
            text = value if isinstance(value, str) else json.dumps(value)
            # HTTP binding 1.0.2, section 3.1.3.2: space, quote, percent and all that is not printable ASCII.
            headers[prefix + name] = quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    return headers


def from_headers(
    headers: Mapping[str, str], body: bytes, prefix: str = "ce-", *, limits: Limits = DEFAULT_LIMITS
) -> Envelope:
    """Read a message of either mode, told apart by its content type (HTTP binding 1.0.2, section 3).

    Args:
        headers: The message's headers; their names are compared without case.
        body: The message's body.
        prefix: As for `to_headers`.
        limits: The largest body accepted.

    Raises:
        EnvelopeError: The message is no CloudEvents 1.0 event, a header stands twice, or the data is not strict JSON.
    """
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        if name.lower() in lowered:
            raise EnvelopeError(f"the header {name.lower()!r} stands twice", mend="send each attribute once")
        lowered[name.lower()] = value
    content_type = lowered.get("content-type", JSON_CONTENT_TYPE)
    if content_type.lower().startswith(STRUCTURED_CONTENT_TYPE):
        return from_structured(body, limits=limits)
    prefix = prefix.lower()
    attributes = {
        name.removeprefix(prefix): unquote(value) for name, value in lowered.items() if name.startswith(prefix)
    }
    attributes["datacontenttype"] = content_type
    return from_attributes(attributes, body, limits=limits)


def to_structured(envelope: Envelope) -> bytes:
    """Return the one JSON document of structured mode (JSON event format 1.0.2, section 3)."""
    attributes = json.dumps(to_attributes(envelope), ensure_ascii=False)
    if _JSON_TYPE.fullmatch(envelope.datacontenttype):
        # Spliced in as text: reading it into Python and writing it again would round the numbers.
        member = b',"data":' + envelope.data
    else:
        member = b',"data_base64":"' + base64.b64encode(envelope.data) + b'"'
    return attributes[:-1].encode() + member + b"}"


def from_structured(raw: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Read one JSON document of structured mode.

    Args:
        raw: The document.
        limits: The largest document accepted.

    Raises:
        EnvelopeError: It is not strict JSON, or no CloudEvents 1.0 event.
    """
    try:
        document = strict_json.loads(raw, limits)
    except StrictJSONError as error:
        raise EnvelopeError(f"the event is {error}", mend="send one JSON object") from None
    if not isinstance(document, dict):
        raise EnvelopeError(f"the event is a JSON {type(document).__name__}", mend="send one JSON object")
    if "data" in document and "data_base64" in document:
        raise EnvelopeError("the event has both 'data' and 'data_base64'", mend="send one of the two")
    # JSON event format 1.0.2, section 2.2: an attribute that is null is one that is not set.
    attributes = {
        name: value for name, value in document.items() if name not in ("data", "data_base64") and value is not None
    }
    if "data_base64" in document:
        return from_attributes(attributes, _base64(document["data_base64"]), limits=limits)
    return from_attributes(attributes, _data_text(raw.decode()), limits=limits)


def _base64(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise EnvelopeError("'data_base64' is not base64", mend="encode it as RFC 4648, section 4 says") from None


def _data_text(document: str) -> bytes:
    """Return the text of the top-level member `data` exactly as it stands in a valid JSON object."""
    decoder = json.JSONDecoder()
    position = document.index("{") + 1
    while (member := _MEMBER_START.match(document, position)) is not None:
        name, position = decoder.raw_decode(document, member.end() - 1)
        start = _skip(_COLON, document, position)
        _, position = decoder.raw_decode(document, start)
        if name == "data":
            return document[start:position].encode()
        position = _skip(_SPACE, document, position) + 1  # past the comma
    return b"null"


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _check_data(content_type: str, data: bytes, limits: Limits) -> None:
    if not _JSON_TYPE.fullmatch(content_type):
        raise EnvelopeError(f"the data is {content_type}", mend=f"events are {JSON_CONTENT_TYPE}")
    try:
        strict_json.loads(data, limits)
    except StrictJSONError as error:
        raise EnvelopeError(f"the event's data is {error}", mend="send the event as one JSON object") from None


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise EnvelopeError(
            f"the CloudEvents attribute 'time' is {value!r}", mend="send an RFC 3339 time with its zone"
        )
    return time
