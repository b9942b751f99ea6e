"""What CloudEvents 1.0.2 allows as an attribute: names, values, and the media types that mean JSON.

Source: https://github.com/cloudevents/spec, "Naming Conventions" and "Type System".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from eventkit.contract.errors import EnvelopeError

ExtensionValue = str | int | bool

JSON_CONTENT_TYPE: Final = "application/json"
MAX_LENGTH: Final = 4096
"""Characters that one attribute may have. With MAX_EXTENSIONS it bounds what surrounds an event's data."""
MAX_EXTENSIONS: Final = 64

# CloudEvents attribute -> field of Envelope, for all attributes that are text.
TEXT_ATTRIBUTES: Final = {
    "id": "id",
    "source": "source",
    "type": "type",
    "subject": "subject",
    "dataschema": "dataschema",
    "partitionkey": "key",
    "correlationid": "correlation",
    "causationid": "causation",
    "traceparent": "traceparent",
    "datacontenttype": "datacontenttype",
}
# `data` is reserved by CloudEvents 1.0.2, "Naming Conventions".
_NOT_EXTENSIONS: Final = {*TEXT_ATTRIBUTES, "specversion", "time", "data"}
_EXTENSION_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
# CloudEvents 1.0.2, "Type System", String: control characters, surrogates and noncharacters.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, 5.6.2
_PARAMETER: Final = rf'[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_JSON_MEDIA_TYPE: Final = re.compile(
    rf"(?:{_TOKEN})/(?:json|{_TOKEN}\+json)(?P<parameters>(?:{_PARAMETER})*)[ \t]*", re.IGNORECASE
)
# RFC 3339, 5.6. `datetime.fromisoformat` takes much more of ISO 8601, and not the lower-case letters.
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,30})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)
_OTHER_CHARSET: Final = re.compile(r';[ \t]*charset=(?!"?(?:utf-8|us-ascii)"?[ \t]*(?:;|$))', re.IGNORECASE)


def is_attribute(text: str) -> bool:
    """Tell whether CloudEvents allows a text as an attribute that must not be empty, and eventkit its length."""
    # What can be printed holds nothing forbidden, and that is known three times as fast.
    return 0 < len(text) <= MAX_LENGTH and (text.isprintable() or not _FORBIDDEN.search(text))


def are_attributes(texts: Iterable[str | None]) -> bool:
    """Tell whether all texts surely are attributes; None stands for one that is not set."""
    # All at once, because every event that is read comes through here; few need a closer look.
    given = [text for text in texts if text is not None]
    together = "".join(given)
    return len(together) <= MAX_LENGTH and together.isprintable() and "" not in given


def check_texts(attributes: Mapping[str, str | None]) -> None:
    """Raise EnvelopeError where an attribute that must not be empty has a value that CloudEvents does not allow."""
    for name, text in attributes.items():
        if text is not None and not is_attribute(text):
            raise not_an_attribute(name, text)


def is_json(media_type: str) -> bool:
    """Tell whether a media type means JSON in UTF-8 (JSON event format 1.0.2, 3.1.1; RFC 8259, 8.1)."""
    found = _JSON_MEDIA_TYPE.fullmatch(media_type)
    return found is not None and not _OTHER_CHARSET.search(found["parameters"])


def shown(value: object) -> str:
    """Return a value for a message: what comes from outside may be long."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def not_an_attribute(name: str, text: str) -> EnvelopeError:
    """Return the error that says why a text is no value of the attribute `name`."""
    if not text:
        problem, mend = "is empty", "leave it out, or give it a value; id, source and type are required"
    elif len(text) > MAX_LENGTH:
        problem, mend = f"has {len(text):,} characters", f"use {MAX_LENGTH:,} at the most"
    else:
        problem, mend = f"is {shown(text)}", "use no control characters, surrogates and noncharacters"
    return EnvelopeError(f"the CloudEvents attribute {name!r} {problem}", mend=mend)


def read_time(value: object) -> datetime | None:
    """Return a time as it is read from text; None where there is none. Raises EnvelopeError."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            # As eventkit writes it, 2026-01-31T23:59:59.123456Z, which is seen in half the time.
            if len(value) == 27 and value[4:20:3] == "--T::." and value[26] == "Z" and value[20:26].isdecimal():
                return datetime.fromisoformat(value)
            if _RFC_3339.fullmatch(value):
                return datetime.fromisoformat(value.upper())
    except ValueError:
        pass
    raise EnvelopeError(
        f"the CloudEvents attribute 'time' is {shown(value)}", mend="send an RFC 3339 time with its zone"
    )


def check_time(time: datetime) -> None:
    """Raise EnvelopeError where a time has no zone, or is not in the calendar any more when it is told in UTC."""
    if time.tzinfo is None:
        raise EnvelopeError("the CloudEvents attribute 'time' has no time zone", mend="use datetime.now(UTC)")
    try:
        time.astimezone(UTC)
    except OverflowError:
        raise EnvelopeError(
            f"the CloudEvents attribute 'time' is {time.isoformat()}", mend="use a time in the years 1 to 9999 of UTC"
        ) from None


def is_extension(name: str) -> bool:
    """Tell whether CloudEvents allows a name for an extension."""
    return name not in _NOT_EXTENSIONS and _EXTENSION_NAME.fullmatch(name) is not None


def check_extensions(extensions: Mapping[str, ExtensionValue]) -> None:
    """Raise EnvelopeError where extensions have names or values that CloudEvents does not allow."""
    if len(extensions) > MAX_EXTENSIONS:
        raise EnvelopeError(f"the event has {len(extensions):,} extensions", mend=f"use {MAX_EXTENSIONS} at the most")
    for name, value in extensions.items():
        if not is_extension(name):
            raise EnvelopeError(
                f"{shown(name)} is no name of a CloudEvents extension",
                mend="use lower-case letters and digits, 64 at the most, and none of CloudEvents' own names",
            )
        if isinstance(value, str):
            if value and not is_attribute(value):
                raise not_an_attribute(name, value)
        elif not isinstance(value, int):
            raise EnvelopeError(
                f"the CloudEvents attribute {name!r} is {shown(value)}", mend="send text, an integer or a boolean"
            )
        elif not -(2**31) <= value < 2**31:
            raise EnvelopeError(
                f"the CloudEvents attribute {name!r} is {shown(value)}",
                mend="CloudEvents integers have 32 bits; send larger ones as text",
            )
